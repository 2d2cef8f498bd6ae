import { z } from 'zod'
import { CodemodError, describeCause } from './codemod-error'
import { compareText } from './find-workspace'

/** Lies at the root, under version control: what was there when the ratchet was put on. */
export const baselineFileName = 'pgferry.baseline.json'

/** By package name, ids of sites. */
export interface Baseline {
  readonly schemaVersion: 1
  readonly packages: Readonly<Record<string, BaselineEntry>>
}

export interface BaselineEntry {
  /** Sites that take their connection an old way. */
  readonly legacy: readonly string[]
  /** Sites that lose a connection on a path, on the service or not. */
  readonly leaks: readonly string[]
}

const schema = z.strictObject({
  schemaVersion: z.literal(1),
  packages: z.record(z.string(), z.strictObject({ legacy: z.array(z.string()), leaks: z.array(z.string()) })),
})

/** @throws CodemodError `CONFIG_INVALID` when the text is no baseline. */
export function parseBaseline(text: string): Baseline {
  const hint = 'Write it again with `pgferry baseline`.'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CodemodError('CONFIG_INVALID', `${baselineFileName}: ${describeCause(cause)}`, [], {
      hint,
      cause,
    })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const details = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new CodemodError('CONFIG_INVALID', `${baselineFileName} is no baseline`, details, { hint })
}

/** One id a line and in order, so that two branches merge. */
export function formatBaseline({ schemaVersion, packages }: Baseline): string {
  const ordered: Record<string, BaselineEntry> = {}
  for (const name of Object.keys(packages).sort(compareText)) {
    const { legacy = [], leaks = [] } = packages[name] ?? {}
    ordered[name] = { legacy: [...legacy].sort(compareText), leaks: [...leaks].sort(compareText) }
  }
  return `${JSON.stringify({ schemaVersion, packages: ordered }, null, 2)}\n`
}

/**
 * What is there and was not. A package with no more of them than before has none: a site that was moved or renamed is another
 * site by its id and yet no step back.
 */
export function beyondBaseline<T extends { readonly id: string }>(
  now: readonly T[],
  before: readonly string[],
): readonly T[] {
  return now.length <= before.length ? [] : now.filter(({ id }) => !before.includes(id))
}
