// Options that several commands have, and how their values are read.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Shard } from '../engine/shard'
import type { Verdict } from '../model/site'

/** What `scan --fail-on` may name. */
export const scanVerdicts = ['leak', 'manual', 'rewritable', 'already'] as const satisfies readonly Verdict[]

export function withPackageOptions(command: Command): Command {
  return withOutputOptions(
    command
      .option('--config <file>', 'configuration file')
      .option('--include-tests', 'look at test code too')
      .option('--shard <i/n>', 'only part i of n, the same parts on every machine', parseShard)
      .option('--jobs <n>', 'packages at a time (default: what makes sense)', parseJobs),
  )
}

export function withReportOptions(command: Command): Command {
  return withPackageOptions(withPageOptions(command))
}

export function withPageOptions(command: Command): Command {
  return command
    .option('--html <file>', 'write the report as a self-contained page')
    .option('--sarif <file>', 'write the findings as SARIF 2.1.0, for code scanning')
}

export function withOutputOptions(command: Command): Command {
  return command
    .option('--json <file>', 'write the result as JSON; - for standard output')
    .option('--quiet', 'no progress and no remarks')
    .option('--no-color', 'no colours')
}

function parseShard(value: string): Shard {
  const [, index, count] = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(value) ?? []
  if (index === undefined || count === undefined || Number(index) > Number(count))
    throw new InvalidArgumentError('Expected i/n with 1 <= i <= n, such as 2/4.')
  return { index: Number(index), count: Number(count) }
}

function parseJobs(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new InvalidArgumentError('Expected a whole number from 1 to 999.')
  return Number(value)
}

export function parseVerdicts(value: string, previous: readonly Verdict[] | undefined): readonly Verdict[] {
  const verdicts = value.split(',').map((entry) => {
    const verdict = scanVerdicts.find((known) => known === entry.trim())
    if (verdict === undefined)
      throw new InvalidArgumentError(`Allowed: ${scanVerdicts.join(', ')}; several with commas.`)
    return verdict
  })
  return [...(previous ?? []), ...verdicts]
}
