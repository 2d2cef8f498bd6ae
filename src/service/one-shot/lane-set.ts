import type { Clock, TimerHandle } from '../../core/clock'
import { canPipeline } from '../../pool/pipeline'
import { CancelLoop } from './cancel-loop'
import type { Job } from './job'
import { Lane, type LaneOwner } from './lane'
import { LoopLag } from './loop-lag'
import type { LaneLease, OneShotDeps, ResolvedOneShotOptions } from './one-shot-options'
import type { StatementRecord } from './statement-catalog'

/** What the lanes ask of those who send statements. */
export interface LaneSetOwner {
  /** There is room; `record` is better known than before. */
  serve(record?: StatementRecord): void
  resend(jobs: readonly Job[]): void
  /** The connection asked for at `askedAtMs` does not come, and there is no other. */
  openFailed(error: unknown, askedAtMs: number): void
}

/** How often it is asked whether others wait for connections, under load. */
const contentionCheckMs = 5
/** After so many statements that a server had forgotten, it is taken for a pooler that mixes sessions. */
const toleratedForgets = 50

/** The lanes of one purpose: opened when needed, shared, given back when quiet. */
export class LaneSet implements LaneOwner {
  readonly options: ResolvedOneShotOptions
  readonly #deps: OneShotDeps
  readonly #clock: Clock
  readonly #owner: LaneSetOwner
  readonly #lanes: Lane[] = []
  readonly #lag: LoopLag
  readonly #makeCancelLoop: (client: LaneLease['client']) => CancelLoop
  openingCount = 0
  /** False once a client has turned out to be one that cannot be shared. */
  isUsable = true
  #forgetsLeft = toleratedForgets
  #checkedAtMs = -Infinity
  #idleTimer: TimerHandle | undefined
  #onAllBack: (() => void) | undefined

  constructor(
    options: ResolvedOneShotOptions,
    deps: OneShotDeps,
    cancel: NonNullable<OneShotDeps['cancel']>,
    owner: LaneSetOwner,
  ) {
    this.options = options
    this.#deps = deps
    this.#clock = deps.clock
    this.#owner = owner
    this.#lag = new LoopLag(deps.clock, () => this.#lanes.some((lane) => lane.load > 0))
    this.#makeCancelLoop = (client) => new CancelLoop(client, deps.clock, cancel)
  }

  get count(): number {
    return this.#lanes.length
  }

  get inFlightCount(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.load, 0)
  }

  now(): number {
    return this.#clock.turnNow?.() ?? this.#clock.now()
  }

  lagMs(nowMs: number): number {
    return this.#lag.totalMs(nowMs)
  }

  sent(): void {
    this.#lag.start()
  }

  /** A lane for a text that is known to be fast; `later` when all are full or stalled, and no other may be opened. */
  forFast(): Lane | 'later' {
    const best = this.#leastLoaded()
    if (best !== undefined && best.load < this.options.spreadDepth) return best
    return this.#open(best !== undefined) ?? best ?? 'later'
  }

  /**
   * A lane for a text that nobody knows: others will not follow it until it is answered. Half of the lanes at most are used for
   * that; with `none` it shall take a lease of its own.
   */
  forProbe(): Lane | 'later' | 'none' {
    const probing = this.#lanes.filter((lane) => lane.isProbing).length
    if (probing >= Math.max(1, this.options.maxLanes >> 1)) return 'none'
    const lane = this.#leastLoaded() ?? this.#open(false)
    if (lane !== undefined) return lane
    return this.#lanes.length === 0 && this.openingCount > 0 ? 'later' : 'none'
  }

  nameFor(record: StatementRecord): string | undefined {
    return this.options.prepare && this.#forgetsLeft > 0 ? record.nameForUse() : undefined
  }

  /** Lanes without work go back now, the others as soon as they have had their turn. */
  yieldAll(): void {
    this.#checkedAtMs = -Infinity
    for (const lane of [...this.#lanes]) this.#settleLane(lane)
  }

  /** Resolves when every lane is back; statements on their way are answered first. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAllBack = resolve
      for (const lane of [...this.#lanes]) {
        lane.isLeaving = true
        this.#settleLane(lane)
      }
      this.#reportAllBack()
    })
  }

  resend(jobs: readonly Job[]): void {
    if (jobs.length > 0) this.#owner.resend(jobs)
  }

  prepareFailed(): void {
    this.#forgetsLeft--
  }

  progressed(lane: Lane, job: Job): void {
    this.#owner.serve(job.record)
    this.#settleLane(lane)
  }

  lost(lane: Lane): void {
    this.#remove(lane, 'discard')
    this.#owner.serve()
  }

  #leastLoaded(): Lane | undefined {
    const nowMs = this.now()
    let best: Lane | undefined
    for (const lane of this.#lanes) {
      if (best !== undefined && lane.load >= best.load) continue
      if (lane.canTake(nowMs)) best = lane
    }
    return best
  }

  /** Opens one more; answers it when the pool had one at hand. `onlyIdle`: it is not worth a new connection. */
  #open(onlyIdle: boolean): Lane | undefined {
    if (this.#onAllBack !== undefined || !this.isUsable) return undefined
    if (this.#lanes.length + this.openingCount >= this.options.maxLanes) return undefined
    const ready = this.#deps.tryLease?.()
    if (ready !== undefined) return this.#add(ready)
    // One at a time: what comes first serves all.
    if (!onlyIdle && this.openingCount === 0) void this.#openLater()
    return undefined
  }

  async #openLater(): Promise<void> {
    const askedAtMs = this.now()
    this.openingCount++
    try {
      const lease = await this.#deps.lease()
      this.openingCount--
      this.#add(lease)
      this.#owner.serve()
    } catch (error) {
      this.openingCount--
      if (this.#lanes.length === 0) this.#owner.openFailed(error, askedAtMs)
    }
    this.#reportAllBack()
  }

  #add(lease: LaneLease): Lane | undefined {
    if (this.#onAllBack !== undefined || !canPipeline(lease.client)) {
      this.isUsable &&= this.#onAllBack !== undefined
      this.#deps.giveBack(lease, 'reuse')
      return undefined
    }
    const lane = new Lane(lease, this, this.#makeCancelLoop)
    this.#lanes.push(lane)
    this.#watchIdle()
    return lane
  }

  /** Gives the lane back when it is time. */
  #settleLane(lane: Lane): void {
    if (lane.isLost) return
    const nowMs = this.now()
    const heldMs = nowMs - lane.openedAtMs
    if (heldMs > this.options.maxHoldMs) lane.isLeaving = true
    if (nowMs - this.#checkedAtMs > contentionCheckMs) {
      this.#checkedAtMs = nowMs
      if (this.#deps.isContended()) for (const each of [...this.#lanes]) this.#yieldLane(each, nowMs)
    }
    if (lane.isLeaving && !lane.isBusy) this.#remove(lane, 'reuse')
  }

  #yieldLane(lane: Lane, nowMs: number): void {
    if (!lane.isBusy || nowMs - lane.openedAtMs >= this.options.turnMs) lane.isLeaving = true
    if (lane.isLeaving && !lane.isBusy) this.#remove(lane, 'reuse')
  }

  #remove(lane: Lane, outcome: 'reuse' | 'discard'): void {
    const index = this.#lanes.indexOf(lane)
    if (index < 0) return
    this.#lanes.splice(index, 1)
    if (outcome === 'reuse') lane.close()
    this.#deps.giveBack(lane.lease, outcome)
    this.#reportAllBack()
  }

  #reportAllBack(): void {
    if (this.#onAllBack === undefined || this.#lanes.length > 0 || this.openingCount > 0) return
    if (this.#idleTimer !== undefined) this.#clock.clearTimer(this.#idleTimer)
    this.#lag.stop()
    this.#onAllBack()
  }

  /** One timer for all lanes; it is not moved with every statement. */
  #watchIdle(): void {
    if (this.#idleTimer !== undefined || this.#lanes.length === 0) return
    this.#idleTimer = this.#clock.setTimer(
      () => {
        this.#idleTimer = undefined
        const nowMs = this.#clock.now()
        for (const lane of [...this.#lanes]) {
          if (!lane.isBusy && nowMs - lane.idleSinceMs >= this.options.idleMs) this.#remove(lane, 'reuse')
        }
        this.#watchIdle()
      },
      this.options.idleMs,
      { isBackground: true },
    )
  }
}
