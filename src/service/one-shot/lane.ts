import type { QueryResult } from 'pg'
import { queryTrace } from '../../core/tracing'
import { isServerError, type AnswerSink, type PipelinedQuery } from '../../pool/pg-driver-query'
import { Pipeline } from '../../pool/pipeline'
import type { CancelLoop } from './cancel-loop'
import type { Job, JobHolder } from './job'
import type { LaneLease, ResolvedOneShotOptions } from './one-shot-options'
import { createLostError, isConnectionLoss } from './query-errors'
import { sendTraced } from './send-traced'

/** What a lane asks of those who opened it. */
export interface LaneOwner {
  readonly options: ResolvedOneShotOptions
  now(): number
  /** How long this process has not been able to look at anything, so far. */
  lagMs(nowMs: number): number
  /** Something is on its way. */
  sent(): void
  /** These have not been executed, and are to be sent once more, before all others. */
  resend(jobs: readonly Job[]): void
  /** A statement was answered; there is room, and its text is better known. */
  progressed(lane: Lane, job: Job): void
  /** The connection is gone; nothing is on its way any more. */
  lost(lane: Lane): void
  /** The server did not know a statement that it had prepared. */
  prepareFailed(): void
}

/** Above this much that the socket has not taken, a lane takes no more. */
const maxBacklogBytes = 1024 * 1024

/** One connection that statements of many callers share, answered in the order in which they were sent. */
export class Lane implements AnswerSink, JobHolder {
  readonly openedAtMs: number
  /** Takes no more, and goes back when everything is answered. */
  isLeaving = false
  isLost = false
  idleSinceMs: number
  readonly #pipeline: Pipeline
  readonly #cancelling: CancelLoop
  readonly #inFlight: Job[] = []
  #headSinceMs = 0
  #lagAtHeadMs = 0
  #probe: Job | undefined

  constructor(
    readonly lease: LaneLease,
    private readonly owner: LaneOwner,
    cancelling: (client: LaneLease['client']) => CancelLoop,
  ) {
    this.openedAtMs = this.idleSinceMs = owner.now()
    this.#pipeline = new Pipeline(lease.client)
    this.#cancelling = cancelling(lease.client)
    lease.client.on('error', this.#onLoss)
    lease.client.on('end', this.#onLoss)
  }

  get load(): number {
    return this.#inFlight.length
  }

  /** An unknown text is on its way: until it is answered nobody follows it. */
  get isProbing(): boolean {
    return this.#probe !== undefined
  }

  /** Whether anything on it is still to be answered, or a cancel request is under way that would hit whoever comes next. */
  get isBusy(): boolean {
    return this.#inFlight.length > 0 || this.#cancelling.isActive
  }

  canTake(nowMs: number): boolean {
    const { length } = this.#inFlight
    const { maxDepth, stallMs } = this.owner.options
    if (this.isLeaving || this.isLost || this.#probe !== undefined || length >= maxDepth) return false
    if (length > 0 && this.#headAgeMs(nowMs) > stallMs) return false
    return this.#pipeline.backlogBytes <= maxBacklogBytes
  }

  /** Sends `job` behind the others. `name`: the server keeps its text under it. */
  send(job: Job, name: string | undefined): void {
    try {
      job.query = queryTrace.isActive
        ? sendTraced(this.lease, { text: job.text, sink: this }, (sink) =>
            this.#pipeline.send(job, sink, name),
          )
        : this.#pipeline.send(job, this, name)
    } catch (error) {
      // A value could not be converted; nothing was sent.
      job.reject(error)
      if (!job.isProbe) return
      job.record?.pace.cancelProbe()
      this.owner.progressed(this, job)
      return
    }
    job.holder = this
    if (job.isProbe) this.#probe = job
    if (this.#inFlight.length === 0) this.#startHead(this.owner.now())
    this.#inFlight.push(job)
    this.owner.sent()
  }

  hasSent(): boolean {
    return true
  }

  abandon(job: Job): void {
    if (job === this.#inFlight[0]) this.#cancelHead(job)
  }

  onAnswer(query: PipelinedQuery, result: QueryResult, rowError: Error | undefined): void {
    const job = this.#takeHead(query)
    if (job === undefined) return
    if (rowError === undefined) job.resolve(result)
    else job.reject(rowError)
    this.#advance(job)
  }

  onFailure(query: PipelinedQuery, error: Error): void {
    if (isConnectionLoss(error)) {
      if (this.#inFlight.some((job) => job.query === query)) this.#fail(error)
      return
    }
    const job = this.#takeHead(query)
    if (job === undefined) return
    if (this.#wasHitByMistake(error, job)) this.owner.resend([job])
    else if (this.#isForgotten(query, error)) this.#resendUnprepared(job)
    else job.reject(error)
    this.#advance(job)
  }

  /** Makes the client an ordinary one again; only when nothing is on its way. */
  close(): void {
    this.lease.client.removeListener('error', this.#onLoss)
    this.lease.client.removeListener('end', this.#onLoss)
    this.#cancelling.stop()
    this.#pipeline.close()
  }

  #takeHead(query: PipelinedQuery): Job | undefined {
    return this.#inFlight[0]?.query === query ? this.#inFlight.shift() : undefined
  }

  #advance(job: Job): void {
    const nowMs = this.owner.now()
    job.record?.pace.observe(this.#headAgeMs(nowMs), nowMs)
    if (this.#probe === job) this.#probe = undefined
    this.#startHead(nowMs)
    const head = this.#inFlight[0]
    if (head === undefined) this.idleSinceMs = nowMs
    else if (head.isSettled) this.#cancelHead(head)
    this.owner.progressed(this, job)
  }

  #startHead(nowMs: number): void {
    this.#headSinceMs = nowMs
    this.#lagAtHeadMs = this.owner.lagMs(nowMs)
  }

  /** How long the server has been at the oldest statement, as far as it is not this process that did not look. */
  #headAgeMs(nowMs: number): number {
    const lostMs = this.owner.lagMs(nowMs) - this.#lagAtHeadMs
    return Math.max(0, nowMs - this.#headSinceMs - lostMs)
  }

  #cancelHead(head: Job): void {
    this.#cancelling.run({
      isStillWanted: () => this.#inFlight[0] === head && !this.isLost,
      onDone: () => {
        const next = this.#inFlight[0]
        if (next?.isSettled === true) this.#cancelHead(next)
        else this.owner.progressed(this, head)
      },
      onGiveUp: () => {
        this.#fail(new Error('the server did not react to a cancel request'))
      },
    })
  }

  /** A cancel request reaches whatever runs when it arrives. What it hit was rolled back, so that it can be sent once more. */
  #wasHitByMistake(error: Error, job: Job): boolean {
    if (!isServerError(error) || error.code !== '57014') return false
    return !job.isSettled && this.#cancelling.mayHaveHit()
  }

  #isForgotten(query: PipelinedQuery, error: Error): boolean {
    if (query.prepared === undefined || !isServerError(error)) return false
    // Whatever became of it, the next one begins at the beginning.
    if (query.prepared.fields === undefined) this.#pipeline.forget(query.prepared.name)
    return (
      error.code === '26000' ||
      error.code === '42P05' ||
      // "cached plan must not change result type": the table was altered.
      (error.code === '0A000' && error.routine === 'RevalidateCachedQuery')
    )
  }

  /** Nothing was executed; it goes without its prepared form now, and the next of its text has it made anew. */
  #resendUnprepared(job: Job): void {
    if (job.query?.prepared !== undefined) this.#pipeline.forget(job.query.prepared.name)
    job.isUnprepared = true
    this.owner.prepareFailed()
    this.owner.resend([job])
  }

  readonly #onLoss = (error?: Error): void => {
    this.#fail(error ?? new Error('the connection was closed'))
  }

  /**
   * What was sent may have run, unless the server's last words were about one in front of it: it takes them in order. What did
   * not run goes to another lane.
   */
  #fail(error: Error): void {
    if (this.isLost) return
    this.isLost = true
    const spared: Job[] = []
    const hasLastWords = isServerError(error)
    for (const [index, job] of this.#inFlight.entries()) {
      if (job.isProbe) job.record?.pace.cancelProbe()
      if (job.isSettled) continue
      const mayHaveRun = job.query?.isSent === true && (index === 0 || !hasLastWords)
      if (mayHaveRun) job.reject(createLostError(error, job.isReadOnly))
      else spared.push(job)
    }
    this.#inFlight.length = 0
    this.#probe = undefined
    this.close()
    this.owner.lost(this)
    this.owner.resend(spared)
  }
}
