import { systemClock } from '../../core/clock'
import { ConnectFailedError, ForeignConnectionError } from '../../core/errors'
import { emitSafely } from '../../core/events'
import { systemRandom } from '../../core/random'
import { makeReadOnly } from '../clean-connection'
import { createClientDriver } from '../pg-driver-client'
import type { PoolContext } from '../pool-context'
import { createPoolClosedError, createSaturatedError } from '../pool-errors'
import { resolvePoolOptions } from '../pool-options'
import type {
  AcquireRequest,
  HostTarget,
  PooledConnection,
  PoolLimits,
  PoolStats,
  PoolStrategy,
  ReleaseOutcome,
} from '../pool-strategy'
import { createAbortError } from '../wait-queue'
import { cleanSlot, isSpotless } from './give-back'
import { MovingMean } from './growth'
import { Health } from './health'
import type { Host } from './host-table'
import type { ResilientPoolDeps, ResilientPoolOptions } from './resilient-options'
import { createHostTable } from './resilient-options'
import { createTimedOutError } from './refusals'
import { watchServer } from './server-signals'
import { Lease, whenClosed, type Slot } from './slot'
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
  readonly #holdMs = new MovingMean(0.2)
  #isSuspended = false
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
      countOverdue: (sinceMs) => this.#health.countOverdue(sinceMs),
      isPaused: () => this.#closing !== undefined || this.#isSuspended,
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
        this.#park(slot)
      },
      onRoleChanged: (host) => {
        this.#replace(host)
      },
      isHostWanted: () => this.#supply.isHostWanted,
      onSweep: () => {
        this.#supply.grow()
      },
    })
    this.#supply.keepMinimum()
  }

  tryAcquire(request: AcquireRequest): PooledConnection | undefined {
    if (
      this.#queue.size > 0 ||
      this.#isSuspended ||
      this.#closing !== undefined ||
      request.readOnly === true
    ) {
      return undefined
    }
    const { idle } = this.#slots
    const slot = idle[idle.length - 1]
    if (slot === undefined) return undefined
    const nowMs = this.#turnNow()
    if (nowMs >= slot.freshUntilMs || !this.#accepts(slot, request)) return undefined
    this.#slots.popIdle()
    return this.#lease(slot, request, nowMs)
  }

  acquire(request: AcquireRequest): Promise<PooledConnection> {
    if (request.signal?.aborted !== true) {
      const connection = this.tryAcquire(request)
      if (connection !== undefined) return Promise.resolve(connection)
    }
    return new Promise((resolve, reject) => {
      this.acquireLater(request, resolve, reject)
    })
  }

  /** The slow way of {@link ResilientPoolStrategy.acquire}, for callers with callbacks: exactly one of them is called. */
  acquireLater(
    request: AcquireRequest,
    deliver: (connection: PooledConnection) => void,
    refuseCaller: (error: Error) => void,
  ): void {
    const { name, options, clock } = this.#context
    const { signal, timeoutMs = options.acquireTimeoutMs } = request
    const refusal =
      this.#closing !== undefined
        ? createPoolClosedError(name)
        : signal?.aborted === true
          ? createAbortError(signal)
          : this.#isSaturated()
            ? createSaturatedError(name, this.stats(), options.maxWaiting)
            : undefined
    if (refusal !== undefined) {
      refuseCaller(refusal)
      return
    }
    const target = request.target ?? this.#defaultTarget
    const hopeless = this.#isSuspended ? undefined : this.#supply.refusal(target)
    if (hopeless !== undefined) {
      this.#supply.noteRefused(target)
      // In a turn of its own: callers who ask again at once must not keep the attempt from being made that would help them.
      clock.setTimer(() => {
        refuseCaller(hopeless)
      }, 0)
      return
    }
    this.#queue.add(request, timeoutMs, deliver, refuseCaller)
    this.#serve()
  }

  release(connection: PooledConnection, outcome: ReleaseOutcome): void {
    const slot = connection instanceof Lease ? connection.slot : undefined
    if (slot?.lease !== connection || slot.pool !== this.#slots) {
      throw new ForeignConnectionError(
        `the connection is not out of pool '${this.#context.name}'; it was not given back`,
      )
    }
    const { request } = slot.lease
    slot.lease = undefined
    this.#holdMs.add(this.#turnNow() - slot.leasedAtMs)
    if (slot.isBroken) this.#slots.close(slot, 'failed')
    else if (outcome === 'discard') this.#slots.close(slot, 'discarded')
    else this.#takeBack(slot, request)
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
    this.#isSuspended = true
  }

  resume(): void {
    this.#isSuspended = false
    this.#onRoom()
  }

  async trimIdle(count: number): Promise<number> {
    const closed = this.#slots.closeIdle(count, 'surplus').map(whenClosed)
    await Promise.all(closed)
    return closed.length
  }

  close(): Promise<void> {
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
    const { client } = slot
    slot.pool = this.#slots
    this.#slots.add(slot)
    client.on('error', (error) => {
      this.#lose(slot, error)
    })
    client.on('end', () => {
      this.#lose(slot, new Error('the server closed the connection'))
    })
    watchServer(client, {
      onLeaving: () => {
        this.#health.suspect(slot.host)
        this.#health.askRolesSoon()
      },
      onReadOnly: () => {
        slot.isRoleInDoubt = true
      },
      onPromoted: () => {
        this.#health.learnRole(slot.host, 'primary')
      },
    })
    this.#park(slot)
  }

  /** A borrower learns it from its own query; an idle connection has nobody else to notice. */
  #lose(slot: Slot, error: unknown): void {
    if (slot.isBroken || slot.state === 'closing') return
    slot.isBroken = true
    if (slot.state === 'leased') markOutcome(error)
    // What struck one may have struck all: none is lent unseen.
    this.#health.suspect(slot.host)
    this.#health.askRolesSoon()
    if (slot.state !== 'idle') return
    emitSafely(this.#context.onEvent, { kind: 'connection-failed', pool: this.#context.name, error })
    this.#slots.close(slot, 'failed')
  }

  #takeBack(slot: Slot, request: AcquireRequest): void {
    if (this.#context.driver.activity(slot.client) === 'ended') this.#slots.close(slot, 'failed')
    else if (isSpotless(slot, request, this.#context)) this.#park(slot)
    else void this.#clean(slot, request)
  }

  /** Cleaned even when it is to be closed then: a COMMIT that nobody awaited must not be cut off. */
  async #clean(slot: Slot, request: AcquireRequest): Promise<void> {
    this.#slots.move(slot, 'resetting')
    const isKept = await cleanSlot(slot, request, this.#context)
    if (!isKept) this.#slots.close(slot, slot.isBroken ? 'failed' : 'discarded')
    else if (slot.isRoleInDoubt) void this.#health.check(slot)
    else this.#park(slot)
  }

  /** A clean connection goes to whoever waits for it, or among the idle ones, or ends when it has served its time. */
  #park(slot: Slot): void {
    const nowMs = this.#turnNow()
    if (slot.isBroken || slot.retireReason !== undefined || this.#hasServed(slot, nowMs)) {
      this.#retire(slot, nowMs)
      return
    }
    const waiter = this.#queue.size > 0 && !this.#isSuspended ? this.#firstFor(slot) : undefined
    if (waiter !== undefined) {
      this.#lend(slot, waiter)
      return
    }
    slot.idleSinceMs = slot.checkedAtMs = nowMs
    slot.freshUntilMs = Math.min(nowMs + this.#context.options.validateAfterIdleMs, slot.expiresAtMs)
    this.#slots.addIdle(slot)
    this.#health.schedule()
  }

  #hasServed(slot: Slot, nowMs: number): boolean {
    const { maxUses, max } = this.#context.options
    return (
      slot.expiresAtMs <= nowMs ||
      (maxUses > 0 && slot.uses >= maxUses) ||
      slot.generation !== slot.host.generation ||
      this.#slots.keptCount > max
    )
  }

  #retire(slot: Slot, nowMs: number): void {
    const { maxUses } = this.#context.options
    const reason = slot.isBroken
      ? 'failed'
      : (slot.retireReason ??
        (slot.generation !== slot.host.generation
          ? 'role-changed'
          : slot.expiresAtMs <= nowMs
            ? 'expired'
            : maxUses > 0 && slot.uses >= maxUses
              ? 'worn'
              : 'surplus'))
    this.#slots.close(slot, reason)
  }

  #firstFor(slot: Slot): Waiter | undefined {
    return this.#supply.hasSingleHost
      ? this.#queue.first()
      : this.#queue.first((request) => this.#accepts(slot, request))
  }

  #accepts(slot: Slot, request: AcquireRequest): boolean {
    return this.#supply.isEligible(slot.host, request.target ?? this.#defaultTarget)
  }

  /** Gives idle connections to callers in order; those that have been silent are asked first. Then opens what is lacking. */
  #serve(): void {
    if (this.#isSuspended || this.#closing !== undefined) return
    if (this.#slots.idle.length > 0) this.#serveIdle()
    this.#supply.grow()
  }

  #serveIdle(): void {
    const { idle } = this.#slots
    for (let index = idle.length - 1; index >= 0 && this.#queue.size > 0; index--) {
      const slot = idle[index]
      const waiter = slot && this.#firstFor(slot)
      if (slot === undefined || waiter === undefined) continue
      if (slot.expiresAtMs <= this.#turnNow()) this.#slots.close(slot, 'expired')
      else if (this.#turnNow() >= slot.freshUntilMs) {
        // As many are asked as callers wait, in the order in which they would be lent.
        if (this.#health.checkingCount < this.#queue.size) void this.#health.check(slot)
      } else {
        this.#slots.move(slot, 'resetting')
        this.#lend(slot, waiter)
      }
    }
  }

  #lend(slot: Slot, waiter: Waiter): void {
    if (waiter.request.readOnly === true) {
      this.#queue.serve(waiter)
      void this.#lendReadOnly(slot, waiter)
    } else if (this.#queue.settle(waiter)) {
      this.#slots.move(slot, 'leased')
      waiter.deliver(this.#lease(slot, waiter.request, this.#turnNow()))
    }
  }

  async #lendReadOnly(slot: Slot, waiter: Waiter): Promise<void> {
    if (slot.state !== 'resetting') this.#slots.move(slot, 'resetting')
    try {
      await makeReadOnly(slot.client, this.#context)
    } catch (cause) {
      this.#slots.close(slot, 'failed')
      this.#queue.reject(
        waiter,
        () => new ConnectFailedError('could not make the session read-only', { cause }),
      )
      return
    }
    if (this.#queue.settle(waiter)) {
      this.#slots.move(slot, 'leased')
      waiter.deliver(this.#lease(slot, waiter.request, this.#turnNow()))
    } else {
      // The caller has gone meanwhile; what was prepared for it is undone.
      void this.#clean(slot, waiter.request)
    }
  }

  /** Callers that will be served by what is there or on its way do not count as waiting. */
  #isSaturated(): boolean {
    const { maxWaiting } = this.#context.options
    if (this.#queue.size < maxWaiting) return false
    const { openingCount, room } = this.#supply
    return this.#queue.size >= maxWaiting + this.#slots.idle.length + openingCount + Math.max(0, room)
  }

  #onRoom(): void {
    // Somebody may wait for what is idle: a connection that came back while the pool was suspended.
    if (this.#queue.size > 0) this.#serve()
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
      isSuspended: this.#isSuspended,
    })
  }

  #lease(slot: Slot, request: AcquireRequest, nowMs: number): Lease {
    const lease = new Lease(slot, request)
    slot.uses++
    slot.leasedAtMs = nowMs
    slot.lease = lease
    return lease
  }
}

/**
 * The error of a connection that is lost is the very one that its unanswered statements are rejected with. `pg` gives it no code; a
 * caller must learn that the statement may have taken effect, and its message stays what old code looks for.
 */
function markOutcome(error: unknown): void {
  if (error instanceof Error && !('code' in error)) Object.assign(error, { code: 'OUTCOME_UNKNOWN' })
}
