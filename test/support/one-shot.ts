import { Pool, type PoolClient } from 'pg'
import { systemClock, type Clock } from '../../src/core/clock'
import { ConnectFailedError } from '../../src/core/errors'
import { activityOf } from '../../src/pool/pg-client-state'
import type { OneShotDeps, OneShotOptions } from '../../src/service/one-shot/one-shot-options'
import { OneShotQueries } from '../../src/service/one-shot/one-shot-queries'
import type { ConnectionConfig } from './postgres'

/** Timers run, but nothing ever takes any time: every statement counts as fast, however busy the machine of the test is. */
export const timelessClock: Clock = { ...systemClock, now: () => 0, turnNow: () => 0 }

/** One-shot statements over a plain `pg.Pool`, which shows what they take from a pool and how they give it back. */
export interface OneShotFixture extends AsyncDisposable {
  readonly shots: OneShotQueries
  readonly pool: Pool
  /** Connections taken for sharing, and for one statement alone. */
  readonly taken: { lanes: number; exclusive: number }
  readonly outcomes: string[]
}

export function oneShotFixture(
  connection: ConnectionConfig & { readonly application_name?: string },
  options: OneShotOptions = {},
  overrides: Partial<OneShotDeps> & { readonly max?: number } = {},
): OneShotFixture {
  const { max = 6, ...deps } = overrides
  const pool = new Pool({ ...connection, max })
  pool.on('error', ignore)
  // The pool hears only of those that nobody has.
  pool.on('connect', (client) => client.on('error', ignore))
  const taken = { lanes: 0, exclusive: 0 }
  const outcomes: string[] = []
  const connect = async (): Promise<PoolClient> => {
    try {
      return await pool.connect()
    } catch (cause) {
      throw new ConnectFailedError('could not connect', { cause })
    }
  }
  const shots = new OneShotQueries(options, {
    clock: systemClock,
    async lease() {
      taken.lanes++
      return { client: await connect() }
    },
    giveBack({ client }, outcome) {
      outcomes.push(outcome)
      const { release } = client as unknown as Pick<PoolClient, 'release'>
      release(outcome === 'discard')
    },
    isContended: () => pool.waitingCount > 0,
    async onLease(work) {
      taken.exclusive++
      const client = await connect()
      const state = { isDiscarded: false }
      const connection = Object.assign(client, {
        discard() {
          state.isDiscarded = true
        },
      })
      try {
        return await work(connection)
      } finally {
        client.release(state.isDiscarded || activityOf(client) === 'ended')
      }
    },
    ...deps,
  })
  return {
    shots,
    pool,
    taken,
    outcomes,
    async [Symbol.asyncDispose]() {
      await shots.close()
      await pool.end()
    },
  }
}

function ignore(): void {
  // The loss shows in the statements.
}
