import { InvalidOptionError } from '../../core/errors'
import { checkOptions, isBoolean, isObject } from '../../core/options'
import { toShares, type FlagValues } from './flag-values'
import { writeAtomically } from './write-atomically'

/**
 * The content of a flags file.
 *
 * @example
 * { "enabled": true, "components": { "test-systems": 1, "portals": 0.1 }, "shadow": { "core": 0.01 } }
 */
export interface FlagsFile {
  /** The master switch: `false` sends every component to the legacy side. Left out: there is none. */
  readonly enabled?: boolean | undefined
  /** Share of units on the service side by component, 0 to 1 in steps of 1/10000; `true` is 1, `false` is 0. */
  readonly components?: Readonly<Record<string, number | boolean>> | undefined
  /** Share of units to shadow by component, likewise. */
  readonly shadow?: Readonly<Record<string, number | boolean>> | undefined
}

const rules = { enabled: isBoolean, components: isObject, shadow: isObject }

/**
 * Reads the text of a flags file.
 *
 * @throws SyntaxError when it is no JSON (a torn write, for one), InvalidOptionError for an unknown key or a bad value.
 */
export function parseFlagsFile(text: string): FlagValues {
  // Some editors begin a file with a byte order mark, which JSON.parse refuses.
  return toFlagValues(JSON.parse(text.replace(/^\uFEFF/, '')))
}

/**
 * Writes a flags file as one step: readers see the old flags or the new ones. The mode of an existing file is kept.
 *
 * @throws InvalidOptionError for an unknown key or a bad value, or the file system's error; the file is as before then.
 * @example
 * await writeFlagsFile('pgferry-flags.json', { components: { portals: 0.1 } })
 */
export async function writeFlagsFile(path: string, flags: FlagsFile): Promise<void> {
  toFlagValues(flags)
  await writeAtomically(path, `${JSON.stringify(flags, null, 2)}\n`)
}

function toFlagValues(flags: unknown): FlagValues {
  checkOptions('flags', flags, rules)
  // checkOptions has just established this shape; the tables' values are checked below.
  const { enabled, components = {}, shadow = {} } = flags as FlagsFile
  return {
    enabled,
    shares: toShares('flags.components', withNumbers('flags.components', components)),
    shadows: toShares('flags.shadow', withNumbers('flags.shadow', shadow)),
  }
}

function withNumbers(option: string, table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).map(([component, value]) => {
      if (typeof value === 'boolean') return [component, value ? 1 : 0]
      if (typeof value === 'number') return [component, value]
      throw new InvalidOptionError(`${option}.${component}`, value, 'a share from 0 to 1, true or false')
    }),
  )
}
