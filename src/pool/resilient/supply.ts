import type { TimerHandle } from '../../core/clock'
import type { PoolContext } from '../pool-context'
import type { HostStats, HostTarget } from '../pool-strategy'
import { Ceiling } from './ceiling'
import {
  answerPatienceMs,
  decideGrowth,
  estimateHold,
  lookAgainMs,
  Pressure,
  type GrowthFacts,
  type RecentMedian,
} from './growth'
import type { Host, HostRefusal, HostTable } from './host-table'
import { Lull } from './lull'
import { Opener, type OpenerDeps, type OpenFailure } from './opener'
import { createCircuitOpenError } from './refusals'
import type { Slot } from './slot'
import type { SlotSet } from './slot-set'
import type { WaiterQueue } from './waiter-queue'

export interface SupplyDeps {
  readonly context: PoolContext
  readonly slots: SlotSet
  readonly queue: WaiterQueue
  readonly hosts: HostTable
  /** How long a lease lasts. */
  readonly holdMs: RecentMedian
  readonly defaultTarget: HostTarget
  /** Connections that were asked before then whether they live, and have not answered yet. */
  readonly countOverdue: (sinceMs: number) => number
  /** Whether nothing is opened now: closed, or suspended. */
  readonly isPaused: () => boolean
  readonly openerDeps: Pick<OpenerDeps, 'source' | 'random' | 'onConnect' | 'areHostsGiven' | 'onRoleChanged'>
  readonly onOpened: (slot: Slot) => void
}

/** How long in ms a host that is down is tried on after the last caller was refused. */
const probedForMs = 60_000

/** Decides when a connection is opened, and to which host: for callers who wait, and for the minimum. */
export class Supply {
  readonly #deps: SupplyDeps
  readonly #opener: Opener
  readonly #permanent = new Set<Host>()
  #timer: TimerHandle | undefined
  #timerAtMs = Infinity
  /** What callers were refused for lately. */
  #refused: { readonly target: HostTarget; readonly untilMs: number } | undefined
  readonly #ceiling: Ceiling
  readonly #pressure = new Pressure()
  readonly #lull = new Lull()

  constructor(deps: SupplyDeps) {
    this.#deps = deps
    this.#ceiling = new Ceiling(deps.context)
    this.#opener = new Opener(deps.context, {
      ...deps.openerDeps,
      hosts: deps.hosts,
      onOpened: (slot) => {
        this.#permanent.delete(slot.host)
        deps.onOpened(slot)
        this.grow()
      },
      onFailed: (failure) => {
        this.#onFailed(failure)
      },
    })
  }

  get openingCount(): number {
    return this.#opener.count
  }

  get hasSingleHost(): boolean {
    return this.#deps.hosts.hasSingleHost
  }

  /** Why the last attempt to a host that might serve `target` failed. */
  lastErrorFor(target: HostTarget): Error | undefined {
    const { hosts } = this.#deps.hosts
    const able = hosts.filter((host) => host.role === 'unknown' || this.isEligible(host, target))
    return this.#opener.lastErrorOf(able) ?? this.#opener.lastErrorOf(hosts)
  }

  isEligible(host: Host, target: HostTarget): boolean {
    return this.hasSingleHost || this.#deps.hosts.isEligible(host, target, this.#deps.context.clock.now())
  }

  hostRefusal(target: HostTarget): HostRefusal | undefined {
    return this.#deps.hosts.refusal(target, this.#deps.context.clock.now())
  }

  hostStats(): readonly HostStats[] {
    return this.#deps.hosts.stats(this.#deps.context.clock.now())
  }

  /** Whether a connection is there, or out, that may come to serve `target`. */
  hasHope(target: HostTarget): boolean {
    for (const slot of this.#deps.slots) {
      if (slot.state !== 'closing' && !slot.isBroken && this.isEligible(slot.host, target)) return true
    }
    return false
  }

  /** Opens what is lacking, as far as it is worth it now; looks again when it may be worth it later. */
  grow(): void {
    const { queue, slots, isPaused } = this.#deps
    if (this.room <= 0) {
      this.#awaitRaise()
      // The common case of a busy pool: everything is out, and will come back.
      if (this.hasSingleHost) return
    }
    const nowMs = this.#turnNow()
    this.#pressure.note(queue.size, nowMs, queue.joinedAtMs)
    if (
      this.#timer !== undefined &&
      this.#lull.lasts(nowMs, queue.size, this.#opener.count, slots.leasedCount)
    )
      return
    if (isPaused()) return
    this.keepMinimum()
    if (queue.size === 0) {
      this.#probe()
      return
    }
    this.#refuseHopeless()
    const wanted = this.#decide(nowMs)
    const retryAtMs = wanted > 0 ? this.#openFor(this.#targetsLacking(wanted)) : Infinity
    const lacking = Math.min(queue.size - this.#opener.count, this.room)
    if (lacking > 0 || (queue.size > 0 && retryAtMs < Infinity)) this.#lookAgain(retryAtMs)
  }

  /** A caller was refused because it would have waited in vain. Hosts are tried on, so that one of the next need not be. */
  noteRefused(target: HostTarget): void {
    this.#refused = { target, untilMs: this.#deps.context.clock.now() + probedForMs }
    this.grow()
  }

  /** Whether some caller waits, or was refused lately, for a host that is not known. */
  get isHostWanted(): boolean {
    return this.#deps.queue.size > 0 || this.#refused !== undefined
  }

  /** Tries one connection at a time for callers that are refused at once: they leave nobody in the line to try it for. */
  #probe(): void {
    const { clock } = this.#deps.context
    if (this.#refused === undefined) return
    const { target, untilMs } = this.#refused
    if (clock.now() > untilMs || this.hasHope(target)) {
      this.#refused = undefined
      return
    }
    this.#makeRoomFor(target)
    const retryAtMs = this.#openFor([target])
    if (retryAtMs < Infinity) this.#setTimer(retryAtMs, true)
  }

  /** Opens what is missing to the minimum. */
  keepMinimum(): void {
    const { context, slots, isPaused, defaultTarget } = this.#deps
    const { min, prewarm } = context.options
    if (!prewarm || isPaused()) return
    const missing = Math.min(min - slots.keptCount - this.#opener.count, this.room)
    if (missing <= 0) return
    const retryAtMs = this.#openFor(Array.from({ length: missing }, () => defaultTarget))
    if (retryAtMs < Infinity) this.#setTimer(retryAtMs, true)
  }

  /** How many more may be opened; one that is being closed counts, the server has it until it is gone. */
  get room(): number {
    const { slots } = this.#deps
    return this.#ceiling.current - slots.size - this.#opener.count
  }

  /** What is on its way in will not be lent; resolves when it has arrived. */
  startEpoch(): Promise<void> {
    return this.#opener.startEpoch()
  }

  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#deps.context.clock.clearTimer(this.#timer)
    this.#timer = undefined
    await this.#opener.close()
  }

  #decide(nowMs: number): number {
    const { queue, slots, holdMs } = this.#deps
    this.#makeRoomFor(queue.first()?.request.target ?? this.#deps.defaultTarget)
    const facts: GrowthFacts = {
      waiting: queue.size,
      opening: this.#opener.count,
      ...this.#coming(),
      room: this.room,
      holdMs: estimateHold(holdMs.value, this.#youngestMs(nowMs)),
      connectMs: this.#opener.connectMs.value,
    }
    const wanted = decideGrowth(facts)
    if (wanted > 0) return wanted
    const timeMs = this.#lull.isOutworn ? this.#deps.context.clock.now() : nowMs
    if (facts.opening === 0 && facts.room > 0 && this.#pressure.isLasting(timeMs, facts.connectMs)) return 1
    // Only where somebody lacks one a timer is set that looks again soon.
    if (this.hasSingleHost && facts.waiting > facts.opening && facts.room > 0) {
      this.#lull.begin(facts, nowMs, slots.leasedCount)
    }
    return 0
  }

  /** How long the lease is out that began last. */
  #youngestMs(nowMs: number): number {
    let youngestMs = Infinity
    for (const slot of this.#deps.slots) {
      if (slot.state === 'leased') youngestMs = Math.min(youngestMs, nowMs - slot.leasedAtMs)
    }
    return youngestMs
  }

  /** What will come back by itself; without checks and cleanings that take so long that they need not end soon. */
  #coming(): Pick<GrowthFacts, 'working' | 'returning'> {
    const { slots, queue, defaultTarget, context, countOverdue } = this.#deps
    let leased = slots.leasedCount
    let resetting = slots.resettingCount
    if (!this.hasSingleHost) {
      const target = queue.first()?.request.target ?? defaultTarget
      const useful = [...slots].filter(({ host }) => this.isEligible(host, target))
      leased = useful.filter(({ state }) => state === 'leased').length
      resetting = useful.filter(({ state }) => state === 'resetting').length
    }
    const overdue = countOverdue(context.clock.now() - answerPatienceMs(this.#opener.connectMs.value))
    const returning = Math.max(0, resetting - overdue)
    return { working: leased + returning, returning }
  }

  /** An idle connection to a host that the first caller cannot use gives way to one that it can. */
  #makeRoomFor(target: HostTarget): void {
    const { slots } = this.#deps
    if (this.hasSingleHost || this.room > 0 || this.#opener.count > 0) return
    const useless = slots.idle.find(({ host }) => !this.isEligible(host, target))
    if (useless !== undefined) slots.close(useless, 'surplus')
  }

  /** What the first `count` callers need for whom nothing is on its way in. */
  #targetsLacking(count: number): readonly HostTarget[] {
    const { queue, defaultTarget } = this.#deps
    if (this.hasSingleHost) return Array.from({ length: count }, () => defaultTarget)
    const coming = this.#opener.countsByTarget()
    const targets: HostTarget[] = []
    for (const { request } of queue) {
      const target = request.target ?? defaultTarget
      const left = coming.get(target) ?? 0
      if (left > 0) coming.set(target, left - 1)
      else targets.push(target)
      if (targets.length === count) break
    }
    return targets
  }

  /** Answers when it is worth trying again what could not be opened now; `Infinity` when all was. */
  #openFor(targets: readonly HostTarget[]): number {
    const { hosts, context } = this.#deps
    let againAtMs = Infinity
    for (const target of targets) {
      if (this.room <= 0) break
      const { now, retryAtMs } = hosts.candidates(target, context.clock.now())
      const host = now.find((candidate) => this.#opener.freeFor(candidate) > 0)
      if (host !== undefined) this.#opener.open(host, target)
      // With an attempt under way its end looks again.
      else againAtMs = Math.min(againAtMs, retryAtMs)
    }
    return againAtMs
  }

  #lookAgain(retryAtMs: number): void {
    const { clock } = this.#deps.context
    const soonMs = clock.now() + lookAgainMs(this.#opener.connectMs.value)
    // A host that is not to be tried yet decides, when nothing works that might come back sooner.
    this.#setTimer(retryAtMs < Infinity ? Math.max(soonMs, retryAtMs) : soonMs, false)
  }

  #setTimer(atMs: number, isBackground: boolean): void {
    const { clock } = this.#deps.context
    if (this.#timer !== undefined) {
      if (this.#timerAtMs <= atMs) return
      clock.clearTimer(this.#timer)
    }
    this.#timerAtMs = atMs
    this.#timer = clock.setTimer(
      () => {
        this.#timer = undefined
        this.#timerAtMs = Infinity
        this.grow()
      },
      Math.max(0, atMs - clock.now()),
      { isBackground },
    )
  }

  #onFailed({ host, error, verdict }: OpenFailure): void {
    const { queue, context, slots } = this.#deps
    if (verdict.action === 'shrink') this.#ceiling.lower(slots.size + this.#opener.count)
    if (verdict.failureClass === 'permanent') this.#permanent.add(host)
    else this.#permanent.delete(host)
    // Nobody can change it in time by waiting, and there is no connection that could come back.
    if (this.#permanent.size === this.#deps.hosts.hosts.length && slots.keptCount === 0)
      queue.rejectAll(() => error)
    if (context.options.min > 0 || queue.size > 0 || this.#refused !== undefined) this.grow()
  }

  /** Callers for whom there is no hope learn at once, instead of at their deadline, why no connection came. */
  #refuseHopeless(): void {
    if (!this.#opener.hasFailed) return
    const { queue, defaultTarget } = this.#deps
    // The answer of an attempt that is on its way, a probe perhaps, decides; its end looks again.
    if (this.#opener.count > 0) return
    const refusals = new Map<HostTarget, Error | undefined>()
    for (const waiter of [...queue]) {
      const target = waiter.request.target ?? defaultTarget
      if (!refusals.has(target)) refusals.set(target, this.refusal(target))
      const refusal = refusals.get(target)
      if (refusal !== undefined) queue.reject(waiter, () => this.lastErrorFor(target) ?? refusal)
      // All of them want the same.
      else if (this.hasSingleHost) return
    }
  }

  /** As leases are counted. */
  #turnNow(): number {
    const { clock } = this.#deps.context
    return clock.turnNow?.() ?? clock.now()
  }

  /** Why waiting for `target` is in vain: the hosts have been down for a while, and no connection is left that may come back. */
  refusal(target: HostTarget): Error | undefined {
    const { hosts, context } = this.#deps
    // Nothing has failed since the last success: no breaker is open.
    if (!this.#opener.hasFailed) return undefined
    const nowMs = context.clock.now()
    const refusal = hosts.refusal(target, nowMs)
    if (refusal?.kind !== 'circuit-open' || this.hasHope(target)) return undefined
    // A probe is due, and only callers begin one: this one waits for what it finds.
    if (hosts.candidates(target, nowMs).now.length > 0) return undefined
    return createCircuitOpenError(refusal, { pool: context.name, nowMs })
  }

  /** Callers who wait for a server that was full are looked at again when it may have room. */
  #awaitRaise(): void {
    const { raisedAtMs } = this.#ceiling
    if (raisedAtMs === Infinity || this.#deps.queue.size === 0 || this.#deps.isPaused()) return
    this.#setTimer(raisedAtMs, true)
  }
}
