import { ConnectFailedError } from '../../core/errors'
import { makeReadOnly } from '../clean-connection'
import type { PoolContext } from '../pool-context'
import type { AcquireRequest, HostTarget } from '../pool-strategy'
import { cleanSlot, isSpotless } from './give-back'
import type { Host, HostTable } from './host-table'
import { Lease, type Slot } from './slot'
import type { SlotSet } from './slot-set'
import type { Waiter, WaiterQueue } from './waiter-queue'

/** Whether the pool lends at all. */
export interface Gate {
  isSuspended: boolean
  isClosed: boolean
}

export interface ExchangeDeps {
  readonly context: PoolContext
  readonly slots: SlotSet
  readonly queue: WaiterQueue
  readonly hosts: Pick<HostTable, 'hasSingleHost'>
  readonly gate: Gate
  readonly turnNow: () => number
  /** Whether a connection to this host is what `target` asks for; without one, what the pool's callers ask for. */
  readonly isEligible: (host: Host, target: HostTarget | undefined) => boolean
  /** Asks a connection whether it lives; it comes back through {@link Exchange.park} when it does. */
  readonly check: (slot: Slot) => void
  readonly checkingCount: () => number
  readonly onIdle: (slot: Slot) => void
  /** Opens what callers lack. */
  readonly grow: () => void
}

/** The way of a connection from one borrower to the next: cleaned, judged, and lent to whoever waits first. */
export class Exchange {
  readonly #deps: ExchangeDeps

  constructor(deps: ExchangeDeps) {
    this.#deps = deps
  }

  /** A sound idle connection, when nobody waits for one; `undefined` when it would have to be asked first. */
  takeIdle(request: AcquireRequest): Lease | undefined {
    const { queue, gate, slots, turnNow } = this.#deps
    if (queue.size > 0 || gate.isSuspended || gate.isClosed || request.readOnly === true) return undefined
    const { idle } = slots
    const slot = idle[idle.length - 1]
    if (slot === undefined) return undefined
    const nowMs = turnNow()
    if (nowMs >= slot.freshUntilMs || !this.#accepts(slot, request)) return undefined
    slots.popIdle()
    return this.#lease(slot, request, nowMs)
  }

  /** What a borrower gives back for the next. */
  takeBack(slot: Slot, request: AcquireRequest, nowMs: number): void {
    const { context, slots } = this.#deps
    if (isSpotless(slot, request, context)) this.park(slot, nowMs)
    else if (context.driver.activity(slot.client) === 'ended') slots.close(slot, 'failed')
    else void this.#clean(slot, request)
  }

  /** Cleaned even when it is to be closed then: a COMMIT that nobody awaited must not be cut off. */
  async #clean(slot: Slot, request: AcquireRequest): Promise<void> {
    this.#deps.slots.move(slot, 'resetting')
    slot.cleaningSinceMs = this.#deps.context.clock.now()
    const isKept = await cleanSlot(slot, request, this.#deps.context)
    slot.cleaningSinceMs = undefined
    if (!isKept) this.#deps.slots.close(slot, slot.isBroken ? 'failed' : 'discarded')
    else if (slot.isRoleInDoubt) this.#deps.check(slot)
    else this.park(slot)
  }

  /** A clean connection goes to whoever waits for it, or among the idle ones, or ends when it has served its time. */
  park(slot: Slot, nowMs = this.#deps.turnNow()): void {
    const { context, slots, queue, gate, onIdle } = this.#deps
    if (slot.isBroken || slot.retireReason !== undefined || this.#hasServed(slot, nowMs)) {
      this.#retire(slot, nowMs)
      return
    }
    const waiter = queue.size > 0 && !gate.isSuspended ? this.#firstFor(slot) : undefined
    if (waiter !== undefined) {
      this.#lend(slot, waiter, nowMs)
      return
    }
    slot.idleSinceMs = slot.checkedAtMs = nowMs
    slot.freshUntilMs = Math.min(nowMs + context.options.validateAfterIdleMs, slot.expiresAtMs)
    slots.addIdle(slot)
    onIdle(slot)
  }

  #hasServed(slot: Slot, nowMs: number): boolean {
    const { maxUses, max } = this.#deps.context.options
    return (
      slot.expiresAtMs <= nowMs ||
      (maxUses > 0 && slot.uses >= maxUses) ||
      slot.generation !== slot.host.generation ||
      this.#deps.slots.keptCount > max
    )
  }

  #retire(slot: Slot, nowMs: number): void {
    const { maxUses } = this.#deps.context.options
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
    this.#deps.slots.close(slot, reason)
  }

  #firstFor(slot: Slot): Waiter | undefined {
    return this.#deps.hosts.hasSingleHost
      ? this.#deps.queue.first()
      : this.#deps.queue.first((request) => this.#accepts(slot, request))
  }

  #accepts(slot: Slot, request: AcquireRequest): boolean {
    return this.#deps.isEligible(slot.host, request.target)
  }

  /** Gives idle connections to callers in order; those that have been silent are asked first. Then opens what is lacking. */
  serve(): void {
    const { gate } = this.#deps
    if (gate.isSuspended || gate.isClosed) return
    if (this.#deps.slots.idle.length > 0) this.#serveIdle()
    this.#deps.grow()
  }

  #serveIdle(): void {
    const { queue, slots, turnNow } = this.#deps
    const { idle } = slots
    const nowMs = turnNow()
    for (let index = idle.length - 1; index >= 0 && queue.size > 0; index--) {
      const slot = idle[index]
      const waiter = slot && this.#firstFor(slot)
      if (slot === undefined || waiter === undefined) continue
      if (slot.expiresAtMs <= nowMs) slots.close(slot, 'expired')
      else if (nowMs >= slot.freshUntilMs) {
        // As many are asked as callers wait, in the order in which they would be lent.
        if (this.#deps.checkingCount() < queue.size) this.#deps.check(slot)
      } else {
        slots.move(slot, 'resetting')
        this.#lend(slot, waiter, nowMs)
      }
    }
  }

  #lend(slot: Slot, waiter: Waiter, nowMs: number): void {
    const { queue, slots } = this.#deps
    if (waiter.request.readOnly === true) {
      queue.serve(waiter)
      void this.#lendReadOnly(slot, waiter)
    } else if (queue.settle(waiter)) {
      if (slot.state !== 'leased') slots.move(slot, 'leased')
      waiter.receiver.deliver(this.#lease(slot, waiter.request, nowMs))
    }
  }

  async #lendReadOnly(slot: Slot, waiter: Waiter): Promise<void> {
    if (slot.state !== 'resetting') this.#deps.slots.move(slot, 'resetting')
    try {
      await makeReadOnly(slot.client, this.#deps.context)
    } catch (cause) {
      this.#deps.slots.close(slot, 'failed')
      this.#deps.queue.reject(
        waiter,
        () => new ConnectFailedError('could not make the session read-only', { cause }),
      )
      return
    }
    if (this.#deps.queue.settle(waiter)) {
      this.#deps.slots.move(slot, 'leased')
      waiter.receiver.deliver(this.#lease(slot, waiter.request, this.#deps.turnNow()))
    } else {
      // The caller has gone meanwhile; what was prepared for it is undone.
      void this.#clean(slot, waiter.request)
    }
  }

  #lease(slot: Slot, request: AcquireRequest, nowMs: number): Lease {
    // By its number, not by the lease itself: an old object that is given a new one costs the garbage collector.
    slot.lease = ++slot.uses
    slot.leasedAtMs = nowMs
    return new Lease(slot, request)
  }
}
