import type { CustomTypesConfig, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import type { TimerHandle } from '../../core/clock'
import { AcquireTimeoutError, PoolClosedError, PoolSaturatedError } from '../../core/errors'
import { isRecord } from '../../core/options'
import { requestCancel } from '../../pool/pg-driver-cancel'
import type { PipelineStatement } from '../../pool/pg-driver-query'
import { ExclusiveRun, isSubmittable, type OneShotStatement } from './exclusive-run'
import { Job, type JobPatience } from './job'
import { LaneSet } from './lane-set'
import { resolveOneShotOptions } from './one-shot-options'
import type { OneShotDeps, OneShotOptions, OneShotStats, ResolvedOneShotOptions } from './one-shot-options'
import { createAbortedError, createLateError } from './query-errors'
import { StatementCatalog } from './statement-catalog'
import { WaitingJobs } from './waiting-jobs'

/**
 * Statements without a lease: many callers share a few connections (lanes), on which a statement is sent before the one in front
 * of it is answered. What a statement does there is what it does on a connection of its own:
 *
 * - Each is a transaction of its own; the error of one touches no other. Results are pg's.
 * - What needs a session or a transaction, cursors, COPY, several statements in one text: these run on a lease of their own, and so
 *   does everything that is not plainly a query. What a called function does to its session cannot be seen.
 * - A statement is sent once. It is sent a second time only when the server has said that the first had no effect: cancelled by a
 *   request meant for another, or prepared and forgotten. When the connection is lost, what may have run rejects with
 *   `OUTCOME_UNKNOWN` (what plainly reads only, with the driver's error), and what cannot have run goes to another lane.
 * - Slow statements do not stall the others: a text is followed by others only while it is fast (below 5 ms on average, hardly ever 20),
 *   a lane whose oldest statement has run for 5 ms takes no more, and who has waited for 20 ms takes a lease like everybody. So a
 *   statement waits at most for one run of one that was fast until then, or for 20 ms and an ordinary lease. Measured on two
 *   cores, 50 callers of a fast statement beside 1, 2 and 4 that sleep for 200 ms in a loop: p99 1.3 to 5.8 ms, a quarter to a half of
 *   that of `pg.Pool` in the same run.
 */
export class OneShotQueries {
  readonly #options: ResolvedOneShotOptions
  readonly #deps: OneShotDeps
  readonly #cancel: NonNullable<OneShotDeps['cancel']>
  readonly #catalog = new StatementCatalog()
  readonly #waiting = new WaitingJobs()
  readonly #lanes: LaneSet
  #exclusiveCount = 0
  #watchTimer: TimerHandle | undefined
  #closing: Promise<void> | undefined

  /** @throws InvalidOptionError */
  constructor(options: OneShotOptions, deps: OneShotDeps) {
    this.#options = resolveOneShotOptions(options)
    this.#deps = deps
    const { clock } = deps
    this.#cancel = deps.cancel ?? ((client, isStillWanted) => requestCancel(client, { clock, isStillWanted }))
    this.#lanes = new LaneSet(this.#options, deps, this.#cancel, {
      serve: (record) => {
        if (record !== undefined) this.#waiting.unpark(record)
        this.#serve()
      },
      resend: (jobs) => {
        this.#resend(jobs)
      },
      openFailed: (error, askedAtMs) => {
        this.#rejectWaiting(error, askedAtMs)
      },
    })
  }

  /**
   * Runs one statement.
   *
   * @param patience `timeoutMs` is for everything, from the call to the answer; without it only the wait for a connection ends
   *   (after `acquireTimeoutMs`). The signal ends either.
   * @throws AcquireTimeoutError, AcquireAbortedError when it was not sent
   * @throws QueryTimeoutError, QueryAbortedError when it was sent: the server is asked to cancel it
   * @throws OutcomeUnknownError when the connection was lost after it had been sent
   */
  query<R extends QueryResultRow = QueryResultRow>(
    statement: OneShotStatement,
    values?: unknown[],
    patience: JobPatience = {},
  ): Promise<QueryResult<R>> {
    const { signal } = patience
    if (this.#closing !== undefined) return Promise.reject(createClosedError())
    if (signal?.aborted === true)
      return Promise.reject(createAbortedError(signal, { isSent: false, isReadOnly: false }))
    const canShare = this.#lanes.isUsable && (patience.isNested !== true || this.#lanes.count > 0)
    const plain = canShare ? toPlainStatement(statement, values) : undefined
    const record = plain && this.#catalog.recordOf(plain.text)
    return new Promise<QueryResult>((resolve, reject) => {
      const job = new Job(
        plain ?? noText,
        record,
        this.#lanes.now(),
        { resolve, reject },
        this.#deps,
        patience,
      )
      if (record?.route.kind === 'share') this.#enter(job)
      else this.#runExclusively(job, statement, values)
    }) as Promise<QueryResult<R>>
  }

  stats(): OneShotStats {
    const { count: lanes, openingCount: opening, inFlightCount: inFlight } = this.#lanes
    return { lanes, opening, inFlight, waiting: this.#waiting.length, exclusive: this.#exclusiveCount }
  }

  /** Others have begun to wait for connections: lanes without work go back now, the others soon. */
  yieldLanes(): void {
    this.#lanes.yieldAll()
  }

  /** Refuses new statements, rejects those that wait, resolves when those on their way are answered and all lanes are back. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = this.#lanes.close()
      for (const job of this.#waiting.takeOut(() => true)) job.reject(createClosedError())
      if (this.#watchTimer !== undefined) this.#deps.clock.clearTimer(this.#watchTimer)
      this.#watchTimer = undefined
    }
    return this.#closing
  }

  #enter(job: Job): void {
    if (this.#waiting.isEmpty && this.#place(job)) return
    if (job.isSettled) return
    if (this.#waiting.length >= this.#options.maxWaiting) {
      job.reject(new PoolSaturatedError(`${String(this.#options.maxWaiting)} statements wait already`))
      return
    }
    this.#wait(job)
  }

  #wait(job: Job): void {
    const { record } = job
    if (record?.pace.at(this.#lanes.now()) === 'probing') this.#waiting.park(job, record)
    else this.#waiting.add(job)
    this.#watch()
  }

  /** Sends the job, or finds another way for it; false when it must wait. */
  #place(job: Job): boolean {
    const { record } = job
    const pace = record?.pace.at(this.#lanes.now())
    if (pace === 'probing') return false
    if (record === undefined || pace === 'slow') {
      this.#overflow(job)
      return true
    }
    const lane = pace === 'fast' ? this.#lanes.forFast() : this.#lanes.forProbe()
    if (lane === 'none' || !this.#lanes.isUsable) {
      this.#overflow(job)
      return true
    }
    if (lane === 'later') return false
    if (pace === 'unknown') {
      job.isProbe = true
      record.pace.beginProbe()
    }
    lane.send(job, job.isUnprepared || pace !== 'fast' ? undefined : this.#lanes.nameFor(record))
    return true
  }

  #serve(): void {
    for (let job = this.#waiting.first(); job !== undefined; job = this.#waiting.first()) {
      const isProbing = job.record?.pace.at(this.#lanes.now()) === 'probing'
      if (!isProbing && !this.#place(job)) return
      this.#waiting.removeFirst()
      if (isProbing && job.record !== undefined) this.#waiting.park(job, job.record)
    }
  }

  #resend(jobs: readonly Job[]): void {
    if (this.#closing !== undefined) {
      for (const job of jobs) job.reject(createClosedError())
      return
    }
    const nowMs = this.#lanes.now()
    for (const job of jobs) {
      job.holder = undefined
      job.query = undefined
      job.isProbe = false
      job.queuedAtMs = nowMs
    }
    this.#waiting.addFirst(jobs)
    this.#serve()
    this.#watch()
  }

  /** A statement that could share, on a lease of its own: it is slow, or everything else is. */
  #overflow(job: Job): void {
    const { text, values, rowMode, types } = job
    const config = { text, values, ...(rowMode && { rowMode }), ...(types && { types }) } as QueryConfig
    this.#runExclusively(job, config, undefined)
  }

  #runExclusively(job: Job, statement: OneShotStatement, values: unknown[] | undefined): void {
    const { acquireTimeoutMs } = this.#options
    const { timeoutMs = acquireTimeoutMs, signal } = job.patience
    const leftMs = Math.max(0, timeoutMs - (this.#lanes.now() - job.queuedAtMs))
    this.#exclusiveCount++
    const run = new ExclusiveRun(this.#deps, this.#cancel)
    void run.run(job, { statement, values, timeoutMs: leftMs, signal }).then(() => {
      this.#exclusiveCount--
    })
  }

  /** While somebody waits, looks after them every `patienceMs`. */
  #watch(): void {
    if (this.#watchTimer !== undefined || this.#waiting.length === 0) return
    this.#watchTimer = this.#deps.clock.setTimer(() => {
      this.#watchTimer = undefined
      this.#lookAfterWaiting()
      this.#watch()
    }, this.#options.patienceMs)
  }

  #lookAfterWaiting(): void {
    const nowMs = this.#lanes.now()
    const { acquireTimeoutMs, patienceMs } = this.#options
    for (const job of this.#waiting.takeOut((job) => nowMs - job.queuedAtMs >= acquireTimeoutMs)) {
      job.reject(createLateError(acquireTimeoutMs, { isSent: false, isReadOnly: job.isReadOnly }))
    }
    this.#serve()
    // A lane that is on its way comes as soon as any lease would.
    if (this.#lanes.openingCount > 0 && this.#lanes.count === 0) return
    for (const job of this.#waiting.takeOut((job) => nowMs - job.queuedAtMs >= patienceMs))
      this.#overflow(job)
  }

  /** No lane could be had. Who came after it was asked for has not waited his time yet. */
  #rejectWaiting(error: unknown, askedAtMs: number): void {
    const isLate = error instanceof AcquireTimeoutError
    const shouldLeave = (job: Job): boolean => !isLate || job.queuedAtMs <= askedAtMs
    for (const job of this.#waiting.takeOut(shouldLeave)) job.reject(error)
    this.#serve()
  }
}

const noText: PipelineStatement = Object.freeze({ text: '', values: Object.freeze([]) })
const plainKeys = new Set(['text', 'values', 'rowMode', 'types'])

/** What a statement is made of, when there is nothing in it that needs a connection of its own. */
function toPlainStatement(
  statement: OneShotStatement,
  values: unknown[] | undefined,
): PipelineStatement | undefined {
  if (typeof statement === 'string') {
    // As for pg, null is no values.
    const given: unknown = values ?? []
    return Array.isArray(given) ? { text: statement, values: given } : undefined
  }
  if (!isRecord(statement) || isSubmittable(statement)) return undefined
  const config = statement as unknown as QueryConfig & { rowMode?: string; types?: CustomTypesConfig }
  for (const key in config) {
    if (!plainKeys.has(key) && (config as unknown as Record<string, unknown>)[key] !== undefined)
      return undefined
  }
  const { text, rowMode, types } = config
  const given = values ?? config.values ?? []
  if (typeof text !== 'string' || !Array.isArray(given)) return undefined
  return { text, values: given, rowMode, types }
}

function createClosedError(): PoolClosedError {
  return new PoolClosedError('the connection service is closed')
}
