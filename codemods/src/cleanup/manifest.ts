import { existsSync, readFileSync } from 'node:fs'
import { CodemodError, describeCause } from '../project/codemod-error'
import type { TextEdit } from '../model/text-edit'

const sections = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const

/** The parts of a package.json that a clean-up reads, and its text. */
export interface Manifest {
  /** Absolute path. */
  readonly path: string
  readonly text: string
  readonly name: string | undefined
  /** Never published, so that everybody who uses it is in this workspace. */
  readonly isPrivate: boolean
  /** Names in any section of dependencies. */
  readonly dependencies: readonly string[]
  /** Files that it names as entries, built or not, relative to it. */
  readonly entryFiles: readonly string[]
  /** Everything else in which a dependency or a file may be named: scripts, settings of tools. */
  readonly otherText: string
}

/** @throws CodemodError `READ_FAILED` when it does not parse. */
export function readManifest(path: string): Manifest | undefined {
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, 'utf8')
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>
  } catch (cause) {
    throw new CodemodError('READ_FAILED', `${path} cannot be read: ${describeCause(cause)}`, [], { cause })
  }
  const { name, main, module, types, typings, bin, exports: entries, browser, ...rest } = value
  const listed = sections.flatMap((section) => Object.keys(recordOf(value[section])))
  const other = Object.fromEntries(
    Object.entries(rest).filter(
      ([key]) => !(sections as readonly string[]).includes(key) && key !== 'private',
    ),
  )
  return {
    path,
    text,
    name: typeof name === 'string' ? name : undefined,
    isPrivate: value['private'] === true,
    dependencies: [...new Set(listed)],
    entryFiles: [main, module, types, typings, bin, entries, browser].flatMap(stringsIn),
    otherText: JSON.stringify(other),
  }
}

/** Takes dependencies out of a package.json, touching nothing else; a section that becomes empty goes too. */
export function withoutDependencies(text: string, names: readonly string[]): TextEdit[] {
  return sections.flatMap((section) => {
    const found = new RegExp(`(,?)(\\s*)"${section}"\\s*:\\s*\\{([^{}]*)\\}(\\s*,)?`).exec(text)
    if (found === null) return []
    const [whole, commaBefore = '', , body = '', commaAfter] = found
    const lines = [...body.matchAll(/\s*"([^"]+)"\s*:\s*"(?:[^"\\]|\\.)*"\s*?(,|(?=\s*$))/g)]
    const gone = lines.filter(([, name = '']) => names.includes(name))
    if (gone.length === 0) return []
    if (gone.length === lines.length) {
      // With the comma behind it, or, at the end of the object, the one before.
      const start = commaAfter === undefined ? found.index : found.index + commaBefore.length
      return [{ start, end: found.index + whole.length, text: commaAfter === undefined ? '' : '' }]
    }
    const bodyStart = found.index + whole.indexOf(body, whole.indexOf('{'))
    const kept = lines.filter((line) => !gone.includes(line))
    const lastKept = kept.at(-1)
    return lines.flatMap((line): TextEdit[] => {
      const start = bodyStart + line.index
      const end = start + line[0].length
      if (gone.includes(line)) return [{ start, end, text: '' }]
      // What was in the middle and is last now has a comma too many.
      const isLastNow = line === lastKept && line !== lines.at(-1) && line[0].endsWith(',')
      return isLastNow ? [{ start: end - 1, end, text: '' }] : []
    })
  })
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : []
}
