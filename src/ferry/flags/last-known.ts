import { readFileSync } from 'node:fs'
import { checkOptions, isBoolean, isCount, isObject, isString, type OptionRule } from '../../core/options'
import { toShares, type FlagValues } from './flag-values'
import { writeAtomically } from './write-atomically'

/** The flags of an earlier process, for one that starts while the server is down. */
export interface LastKnown {
  readonly environment: string
  /** When the server last vouched for these flags, in ms since 1970-01-01 UTC. */
  readonly confirmedAtMs: number
  readonly values: FlagValues
}

const fileRules: Readonly<Record<string, OptionRule>> = {
  schemaVersion: (value: unknown) => value === 1 || 'version 1',
  environment: isString,
  confirmedAtMs: isCount(0),
  enabled: isBoolean,
  shares: isObject,
  shadows: isObject,
}

/**
 * Reads what {@link writeLastKnown} wrote.
 *
 * @throws the reason why the file cannot be used: missing, torn, of another environment, older than `maxAgeMs`.
 */
export function readLastKnown(path: string, environment: string, nowMs: number, maxAgeMs: number): LastKnown {
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
  checkOptions('lastKnown', content, fileRules)
  const { shares = {}, shadows = {}, enabled, ...head } = content as Partial<FlagValues & LastKnown>
  if (head.environment !== environment || head.confirmedAtMs === undefined) {
    throw new Error(
      `${path} holds the flags of environment ${String(head.environment)}, not of ${environment}`,
    )
  }
  const ageMs = nowMs - head.confirmedAtMs
  if (ageMs > maxAgeMs)
    throw new Error(`${path} is ${String(ageMs)} ms old, more than ${String(maxAgeMs)} ms`)
  return {
    environment,
    confirmedAtMs: head.confirmedAtMs,
    values: {
      enabled,
      shares: toShares('lastKnown.shares', shares),
      shadows: toShares('lastKnown.shadows', shadows),
    },
  }
}

/** Replaces the file in one step. @throws the file system's error. */
export async function writeLastKnown(
  path: string,
  { environment, confirmedAtMs, values }: LastKnown,
): Promise<void> {
  const { enabled, shares, shadows } = values
  const content = {
    schemaVersion: 1,
    environment,
    confirmedAtMs: Math.round(confirmedAtMs),
    enabled,
    shares,
    shadows,
  }
  await writeAtomically(path, `${JSON.stringify(content, null, 2)}\n`, 0o600)
}
