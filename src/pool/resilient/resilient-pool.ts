import { systemClock } from '../../core/clock'
import { ForeignConnectionError } from '../../core/errors'
import { emitSafely } from '../../core/events'
import { systemRandom } from '../../core/random'
import { createClientDriver } from '../pg-driver-client'
import type { PoolContext } from '../pool-context'
import { createPoolClosedError, createSaturatedError } from '../pool-errors'
import { resolvePoolOptions } from '../pool-options'
import type {
  AcquireReceiver,
  AcquireRequest,
  HostTarget,
  PooledConnection,
  PoolLimits,
  PoolStats,
  PoolStrategy,
  ReleaseOutcome,
} from '../pool-strategy'
import { createAbortError } from '../wait-queue'
import { Exchange, type Gate } from './exchange'
import { RecentMedian } from './growth'
import { Health } from './health'
import type { Host } from './host-table'
import type { ResilientPoolDeps, ResilientPoolOptions } from './resilient-options'
import { createHostTable } from './resilient-options'
import { createTimedOutError, refuseNextTurn } from './refusals'
import { Lease, whenClosed, type Slot } from './slot'
import { watchSlot, type SlotWatchDeps } from './slot-watch'
import { SlotSet } from './slot-set'
import { Supply } from './supply'
import { WaiterQueue, type Waiter } from './waiter-queue'

/**
 * The pool of a service: our own core on `pg.Client`. Callers wait in order for the pool, not for a connection of their own; what
 * comes back is brought to its baseline before the next one gets it; of several hosts it finds the one that is asked for.
 *
 * Here is the way of a connection from one borrower to the next. How connections come to be is in `Supply` and `Opener`, how idle
 * ones are looked after in `Health`, what is done to one that comes back in `give-back`.
 */
export class ResilientPoolStrategy implements PoolStrategy {
  readonly kind = 'resilient'
  readonly #context: PoolContext
  readonly #slots: SlotSet
  readonly #queue: WaiterQueue
  readonly #supply: Supply
  readonly #health: Health
  readonly #defaultTarget: HostTarget
  readonly #turnNow: () => number
  readonly #holdMs = new RecentMedian()
  readonly #gate: Gate = { isSuspended: false, isClosed: false }
  readonly #exchange: Exchange
  readonly #watchDeps: SlotWatchDeps
  #timeoutTotal = 0
  #closing: Promise<void> | undefined

  constructor(options: ResilientPoolOptions, deps: Partial<ResilientPoolDeps> = {}) {
    const { clock = systemClock, random = systemRandom, onEvent, onConnect } = deps
    const { name = 'default', connection: source } = options
    const driver = deps.driver ?? createClientDriver({ clock })
    const context: PoolContext = {
      name,
      driver,
      clock,
      onEvent,
      owner: this,
      options: resolvePoolOptions(options.pool),
    }
    const hosts = createHostTable(options, context.options, random)
    this.#context = context
    this.#defaultTarget = hosts.hasSingleHost ? 'any' : 'primary'
    this.#turnNow = () => clock.turnNow?.() ?? clock.now()
    this.#slots = new SlotSet(context, () => {
      this.#onRoom()
    })
    this.#queue = new WaiterQueue(
      clock,
      (waiter) => {
        this.#timeoutTotal++
        return this.#timedOut(waiter)
      },
      () => {
        this.#supply.grow()
      },
    )
    this.#supply = new Supply({
      context,
      slots: this.#slots,
      queue: this.#queue,
      hosts,
      holdMs: this.#holdMs,
      defaultTarget: this.#defaultTarget,
      countOverdue: (sinceMs) => this.#health.countOverdue(sinceMs) + this.#slots.countCleaningSince(sinceMs),
      isPaused: () => this.#gate.isClosed || this.#gate.isSuspended,
      openerDeps: {
        source,
        random,
        onConnect,
        areHostsGiven: options.hosts !== undefined,
        onRoleChanged: (host) => {
          this.#health.tellRole(host)
        },
      },
      onOpened: (slot) => {
        this.#admit(slot)
      },
    })
    this.#health = new Health({
      context,
      slots: this.#slots,
      hosts,
      onSound: (slot) => {
        this.#exchange.park(slot)
      },
      onRoleChanged: (host) => {
        this.#replace(host)
      },
      isHostWanted: () => this.#supply.isHostWanted,
      onSweep: () => {
        this.#supply.grow()
      },
    })
    this.#watchDeps = { context, slots: this.#slots, health: this.#health }
    this.#exchange = new Exchange({
      context,
      slots: this.#slots,
      queue: this.#queue,
      hosts,
      gate: this.#gate,
      turnNow: this.#turnNow,
      isEligible: (host, target) => this.#supply.isEligible(host, target ?? this.#defaultTarget),
      check: (slot) => void this.#health.check(slot),
      checkingCount: () => this.#health.checkingCount,
      onIdle: (slot) => {
        this.#health.schedule(slot)
      },
      grow: () => {
        this.#supply.grow()
      },
    })
    this.#supply.keepMinimum()
  }

  tryAcquire(request: AcquireRequest): PooledConnection | undefined {
    return this.#exchange.takeIdle(request)
  }

  acquire(request: AcquireRequest): Promise<PooledConnection> {
    if (request.signal?.aborted !== true) {
      const connection = this.tryAcquire(request)
      if (connection !== undefined) return Promise.resolve(connection)
    }
    // The executor does no more than hand out what settles the promise: small as it is, the compiler needs no closure for it.
    let receiver: AcquireReceiver | undefined
    const promise = new Promise<PooledConnection>((deliver, refuse) => {
      receiver = { deliver, refuse }
    })
    this.acquireLater(request, receiver as unknown as AcquireReceiver)
    return promise
  }

  /** The slow way of {@link ResilientPoolStrategy.acquire}, for callers who are told by a receiver of their own. */
  acquireLater(request: AcquireRequest, receiver: AcquireReceiver): void {
    const { options } = this.#context
    const { signal, timeoutMs = options.acquireTimeoutMs } = request
    if (this.#gate.isClosed || signal?.aborted === true || this.#queue.size >= options.maxWaiting) {
      const refusal = this.#refusal(signal)
      if (refusal !== undefined) {
        receiver.refuse(refusal)
        return
      }
    }
    const target = request.target ?? this.#defaultTarget
    const hopeless = this.#gate.isSuspended ? undefined : this.#supply.refusal(target)
    if (hopeless !== undefined) {
      this.#supply.noteRefused(target)
      refuseNextTurn(receiver, hopeless, this.#context.clock)
      return
    }
    this.#queue.add(request, timeoutMs, receiver)
    this.#exchange.serve()
  }

  /** Why a caller cannot even wait. */
  #refusal(signal: AbortSignal | undefined): Error | undefined {
    const { name, options } = this.#context
    if (this.#gate.isClosed) return createPoolClosedError(name)
    if (signal?.aborted === true) return createAbortError(signal)
    return this.#isSaturated() ? createSaturatedError(name, this.stats(), options.maxWaiting) : undefined
  }

  release(connection: PooledConnection, outcome: ReleaseOutcome): void {
    if (!(connection instanceof Lease) || !this.#isOut(connection)) {
      throw new ForeignConnectionError(
        `the connection is not out of pool '${this.#context.name}'; it was not given back`,
      )
    }
    const { slot, request } = connection
    const nowMs = this.#turnNow()
    slot.lease = 0
    // A sample is enough to know how long leases last: the first ones, then one in eight.
    const isSample = slot.uses < 8 || (slot.uses & 7) === 0
    if (isSample && request.isOpenEnded !== true) this.#holdMs.add(nowMs - slot.leasedAtMs)
    if (slot.isBroken) this.#slots.close(slot, 'failed')
    else if (outcome === 'discard') this.#slots.close(slot, 'discarded')
    else this.#exchange.takeBack(slot, request, nowMs)
  }

  #isOut({ slot, number }: Lease): boolean {
    return slot.lease === number && slot.pool === this.#slots
  }

  get waitingCount(): number {
    return this.#queue.size
  }

  stats(): PoolStats {
    const { leasedCount, resettingCount, closingCount, idle, size, totals } = this.#slots
    const opening = this.#supply.openingCount
    const { max, min } = this.#context.options
    return {
      total: size + opening,
      idle: idle.length,
      leased: leasedCount,
      resetting: resettingCount,
      closing: closingCount,
      opening,
      waiting: this.#queue.size,
      max,
      min,
      timeouts: this.#timeoutTotal,
      opened: totals.opened,
      closed: totals.closed,
      hosts: this.#supply.hostStats(),
    }
  }

  resize(limits: PoolLimits): void {
    const { options } = this.#context
    const { max = options.max, min = Math.min(options.min, max) } = limits
    this.#context.options = resolvePoolOptions({ ...options, max, min })
    this.#slots.closeIdle(this.#slots.keptCount - max, 'surplus')
    this.#onRoom()
  }

  async drain(reason: string): Promise<void> {
    const arrived = this.#supply.startEpoch()
    const old = this.#slots.retire('drained').map(whenClosed)
    await arrived
    // What was on its way in has arrived and is on its way out.
    await Promise.all([
      ...old,
      ...[...this.#slots].filter((slot) => slot.retireReason !== undefined).map(whenClosed),
    ])
    emitSafely(this.#context.onEvent, { kind: 'pool-drained', pool: this.#context.name, reason })
  }

  /** As {@link ResilientPoolStrategy.drain}, without waiting: answers how many connections will be replaced. */
  evict(reason: string): number {
    const count = this.#slots.keptCount
    void this.drain(reason)
    return count
  }

  /** Lends nothing until {@link ResilientPoolStrategy.resume}; callers wait within their deadlines. */
  suspend(): void {
    this.#gate.isSuspended = true
  }

  resume(): void {
    this.#gate.isSuspended = false
    this.#onRoom()
  }

  async trimIdle(count: number): Promise<number> {
    const closed = this.#slots.closeIdle(count, 'surplus').map(whenClosed)
    await Promise.all(closed)
    return closed.length
  }

  close(): Promise<void> {
    this.#gate.isClosed = true
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    this.#health.stop()
    const arrived = this.#supply.close()
    this.#slots.retire('closed')
    // Callers are told in their own time: `close()` has returned its promise by then.
    await Promise.resolve()
    this.#queue.rejectAll(() => createPoolClosedError(this.#context.name))
    this.#queue.stop()
    await arrived
    await this.#slots.whenAllClosed()
    await this.#context.driver.end()
  }

  /** A connection that has logged in joins the others. */
  #admit(slot: Slot): void {
    slot.pool = this.#slots
    this.#slots.add(slot)
    watchSlot(slot, this.#watchDeps)
    this.#exchange.park(slot)
  }

  /** Callers that will be served by what is there or on its way do not count as waiting. */
  #isSaturated(): boolean {
    const { maxWaiting } = this.#context.options
    const { openingCount, room } = this.#supply
    return this.#queue.size >= maxWaiting + this.#slots.idle.length + openingCount + Math.max(0, room)
  }

  #onRoom(): void {
    // Somebody may wait for what is idle: a connection that came back while the pool was suspended.
    if (this.#queue.size > 0) this.#exchange.serve()
    else this.#supply.keepMinimum()
  }

  #replace(host: Host): void {
    this.#slots.retire('role-changed', (slot) => slot.host === host && slot.generation !== host.generation)
  }

  #timedOut({ request, timeoutMs }: Waiter): Error {
    const target = request.target ?? this.#defaultTarget
    return createTimedOutError({
      pool: this.#context.name,
      purpose: request.purpose,
      timeoutMs,
      stats: this.stats(),
      lastConnectError: this.#supply.lastErrorFor(target),
      hasHope: this.#supply.hasHope(target),
      refusal: this.#supply.hostRefusal(target),
      target,
      isSuspended: this.#gate.isSuspended,
    })
  }
}
