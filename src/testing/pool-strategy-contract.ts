import assert from 'node:assert/strict'
import type { ConnectionEvent, EventListener } from '../core/events'
import type { PoolOptions } from '../pool/pool-options'
import type { PoolStrategy } from '../pool/pool-strategy'
import {
  poolStrategyCases as cases,
  type BreakConnection,
  type PoolStrategyCase,
  type PoolStrategySubject,
} from './pool-strategy-cases'

/** What the contract needs of a test runner; Jest, Vitest and Mocha have it as globals. */
export interface ContractRunner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: TestFunction
}

type RegisterTest = (name: string, body: () => Promise<void>) => void
/** With `skip`, cases that are left out are listed with their reason; without it they are not seen. */
type TestFunction = RegisterTest & { readonly skip?: RegisterTest }

export interface PoolStrategyContractOptions {
  /** Titles of cases that do not apply, each with the reason. */
  readonly skips?: Readonly<Record<string, string>>
  /** Breaks a leased connection from the server's side and resolves when the client has noticed. */
  readonly breakConnection: BreakConnection
  /** Default: the globals. */
  readonly runner?: ContractRunner
}

export type MakePoolStrategy = (
  pool: PoolOptions,
  onEvent: EventListener,
) => PoolStrategy | Promise<PoolStrategy>

/** Registers the suite that every pool strategy passes: leases, order, deadlines, clean-up, shrinking, closing. */
export function describePoolStrategyContract(
  name: string,
  makeStrategy: MakePoolStrategy,
  options: PoolStrategyContractOptions,
): void {
  const { skips = {}, runner = globalThis as object as ContractRunner } = options
  const { describe, it } = runner
  const unknown = Object.keys(skips).filter((title) => !(title in cases))
  assert.deepEqual(unknown, [], 'skips name cases that the contract does not have')
  describe(`${name} keeps the contract of pool strategies`, () => {
    for (const [title, run] of Object.entries(cases)) {
      const test = (): Promise<void> => runCase(run, makeStrategy, options)
      if (title in skips) it.skip?.(`${title} (left out: ${skips[title] ?? ''})`, test)
      else it(title, test)
    }
  })
}

/** Each case makes pools of its own; they are closed after it, whatever it left out. */
async function runCase(
  run: PoolStrategyCase,
  makeStrategy: MakePoolStrategy,
  options: PoolStrategyContractOptions,
): Promise<void> {
  const made: PoolStrategy[] = []
  const make = async (pool: PoolOptions = {}): Promise<PoolStrategySubject> => {
    const events: ConnectionEvent[] = []
    const strategy = await makeStrategy({ acquireTimeoutMs: 5_000, ...pool }, (event) => events.push(event))
    made.push(strategy)
    return { pool: strategy, events }
  }
  try {
    await run(make, options)
  } finally {
    // A case that failed may have left leases out; its own error is the news, so nobody waits for these.
    for (const strategy of made) void strategy.close()
  }
}
