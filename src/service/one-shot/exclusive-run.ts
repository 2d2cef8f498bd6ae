import type { EventEmitter } from 'node:events'
import type { QueryConfig, QueryResult, Submittable } from 'pg'
import type { Connection } from '../../core/connection'
import { ConnectFailedError } from '../../core/errors'
import { isServerError } from '../../pool/pg-driver-query'
import { activityOf } from '../../pool/pg-client-state'
import { CancelLoop } from './cancel-loop'
import type { Job, JobHolder, JobPatience } from './job'
import type { OneShotDeps } from './one-shot-options'
import { createLostError, isConnectionLoss } from './query-errors'

/** So many connections in a row may turn out to be lost. */
const attempts = 3

/** What `query()` takes: what `pg` takes. */
export type OneShotStatement = string | QueryConfig | Submittable

export interface ExclusiveTask extends JobPatience {
  readonly statement: OneShotStatement
  readonly values: unknown[] | undefined
}

/** One statement on a connection of its own, from asking for the connection to giving it back. */
export class ExclusiveRun implements JobHolder {
  #cancelling: CancelLoop | undefined
  #giveUp: ((error: Error) => void) | undefined
  #isRunning = false

  constructor(
    private readonly deps: OneShotDeps,
    private readonly cancel: NonNullable<OneShotDeps['cancel']>,
  ) {}

  hasSent(): boolean {
    return this.#isRunning
  }

  /** Resolves when the connection is back; the job is settled by then. Never rejects. */
  async run(job: Job, task: ExclusiveTask): Promise<void> {
    job.holder = this
    const { timeoutMs, signal } = task
    const request = { ...(timeoutMs !== undefined && { timeoutMs }), ...(signal && { signal }) }
    try {
      for (let attempt = 1; attempt <= attempts && !job.isSettled; attempt++) {
        let result: QueryResult | undefined
        await this.deps.onLease(async (connection) => {
          // The caller may have gone while the connection was on its way.
          if (!job.isSettled) result = await this.#runOn(connection, job, task)
        }, request)
        // After give-back: who asks next finds the connection free.
        if (result !== undefined) job.resolve(result)
      }
      job.reject(new ConnectFailedError('the connection was lost before the statement was sent'))
    } catch (error) {
      job.reject(error)
    }
  }

  abandon(): void {
    this.#cancelling?.run({
      isStillWanted: () => this.#isRunning,
      onDone: ignore,
      onGiveUp: () => this.#giveUp?.(new Error('the server did not react to a cancel request')),
    })
  }

  /** Undefined when the connection had been lost already: nothing was sent then. */
  async #runOn(connection: Connection, job: Job, task: ExclusiveTask): Promise<QueryResult | undefined> {
    if (activityOf(connection) === 'ended') {
      connection.discard()
      return undefined
    }
    this.#cancelling = new CancelLoop(connection, this.deps.clock, this.cancel)
    this.#isRunning = true
    // The connection stays out until the server has answered, even when nobody waits for the answer any more.
    const unanswered = new Promise<never>((_resolve, reject) => {
      this.#giveUp = (error) => {
        connection.discard(error)
        reject(error)
      }
    })
    try {
      const { statement, values } = task
      const answer = isSubmittable(statement)
        ? submit(connection, statement)
        : connection.query(statement, values)
      return await Promise.race([answer, unanswered])
    } catch (error) {
      throw describeFailure(error, connection, job)
    } finally {
      this.#isRunning = false
      this.#cancelling.stop()
      // A cancel request on its way would hit the next borrower.
      await this.#cancelling.whenQuiet()
    }
  }
}

/** The driver's own refusals (a name used twice, a value that cannot be converted) are none: the connection is as it was. */
function describeFailure(error: unknown, connection: Connection, job: Job): unknown {
  const isLost = isServerError(error) ? isConnectionLoss(error) : activityOf(connection) === 'ended'
  return isLost ? createLostError(error, job.isReadOnly) : error
}

export function isSubmittable(statement: unknown): statement is Submittable {
  return typeof (statement as Partial<Submittable> | null)?.submit === 'function'
}

/** Cursors, streams and copies tell their end by events, each in its own way; the connection is theirs until then. */
function submit(connection: Connection, statement: Submittable): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    const emitter = statement as unknown as EventEmitter
    const finish = (result: unknown): void => {
      // Streams end without a result; what they have read or written is the caller's already.
      resolve((result as QueryResult | undefined) ?? createEmptyResult(statement))
    }
    emitter.once('end', finish)
    emitter.once('finish', finish)
    emitter.once('close', finish)
    emitter.once('error', reject)
    connection.query(statement)
  })
}

/** Says at least how many rows a COPY has moved. */
function createEmptyResult(statement: Submittable): QueryResult {
  const { rowCount = null } = statement as { readonly rowCount?: number | null }
  return { command: '', rowCount, oid: 0, fields: [], rows: [] }
}

function ignore(): void {
  // Nothing more to do.
}
