import { emitSafely, type CloseReason } from '../../core/events'
import type { PoolContext } from '../pool-context'
import { whenClosed, type Slot, type SlotState } from './slot'

/** The physical connections of one pool: which there are, which of them are idle, and how they end. */
export class SlotSet {
  /** The last given back comes last and is lent first: the others get the chance to become superfluous. */
  readonly idle: Slot[] = []
  readonly #context: PoolContext
  readonly #all = new Set<Slot>()
  readonly #onClosed: () => void
  // Counted here: asking a Set is a call that the compiler does not take apart, and each lease asks several times.
  #size = 0
  #resetting = 0
  #closing = 0
  #openedTotal = 0
  #closedTotal = 0

  /** @param onClosed a connection is gone: there is room for one more */
  constructor(context: PoolContext, onClosed: () => void) {
    this.#context = context
    this.#onClosed = onClosed
  }

  /** All that the server has, those on their way out included. */
  get size(): number {
    return this.#size
  }

  get leasedCount(): number {
    return this.#size - this.idle.length - this.#resetting - this.#closing
  }

  get resettingCount(): number {
    return this.#resetting
  }

  get closingCount(): number {
    return this.#closing
  }

  /** All but those that are on their way out. */
  get keptCount(): number {
    return this.#size - this.#closing
  }

  /** Connections opened and closed since the start. */
  get totals(): { readonly opened: number; readonly closed: number } {
    return { opened: this.#openedTotal, closed: this.#closedTotal }
  }

  [Symbol.iterator](): IterableIterator<Slot> {
    return this.#all.values()
  }

  /** A connection that has logged in; it counts as resetting until it is idle. */
  add(slot: Slot): void {
    this.#all.add(slot)
    this.#size++
    this.#resetting++
    this.#openedTotal++
    emitSafely(this.#context.onEvent, { kind: 'connection-opened', pool: this.#context.name })
  }

  move(slot: Slot, state: Exclude<SlotState, 'idle' | 'closing'>): void {
    this.#leave(slot)
    if (state === 'resetting') this.#resetting++
    slot.state = state
  }

  addIdle(slot: Slot): void {
    if (slot.state === 'resetting') this.#resetting--
    slot.state = 'idle'
    this.idle.push(slot)
  }

  /** The last idle connection becomes a leased one. */
  popIdle(): void {
    const slot = this.idle.pop()
    if (slot !== undefined) slot.state = 'leased'
  }

  /** Connections that were being cleaned before then and still are: the last borrower has left them something to do. */
  countCleaningSince(sinceMs: number): number {
    let count = 0
    for (const slot of this.#all) if ((slot.cleaningSinceMs ?? Infinity) <= sinceMs) count++
    return count
  }

  /** Closes a connection wherever it is; what it still runs is cancelled on the server first. A second call does nothing. */
  close(slot: Slot, reason: CloseReason): void {
    if (slot.state === 'closing') return
    this.#leave(slot)
    this.#closing++
    slot.state = 'closing'
    void this.#end(slot, reason)
  }

  async #end(slot: Slot, reason: CloseReason): Promise<void> {
    const { driver, name, onEvent } = this.#context
    if (!slot.isBroken && driver.activity(slot.client) === 'busy') await driver.cancel?.(slot.client)
    await driver.close(slot.client)
    this.#all.delete(slot)
    this.#size--
    this.#closing--
    this.#closedTotal++
    emitSafely(onEvent, { kind: 'connection-closed', pool: name, reason })
    for (const onClosed of slot.onClosed ?? []) onClosed()
    this.#onClosed()
  }

  /** Closes up to `count` idle connections, the longest idle first, and returns them. */
  closeIdle(count: number, reason: CloseReason): readonly Slot[] {
    const chosen = this.idle.slice(0, Math.max(0, count))
    for (const slot of chosen) this.close(slot, reason)
    return chosen
  }

  /** Lets none of the connections that are there now be lent again: idle ones go at once, the others when they come back. */
  retire(reason: CloseReason, accepts: (slot: Slot) => boolean = () => true): readonly Slot[] {
    const chosen = [...this.#all].filter(accepts)
    for (const slot of chosen) {
      slot.retireReason ??= reason
      if (slot.state === 'idle') this.close(slot, reason)
    }
    return chosen
  }

  /** Resolves when all connections that are there now are closed. */
  async whenAllClosed(): Promise<void> {
    await Promise.all([...this.#all].map(whenClosed))
  }

  #leave(slot: Slot): void {
    if (slot.state === 'resetting') this.#resetting--
    if (slot.state !== 'idle') return
    const position = this.idle.lastIndexOf(slot)
    if (position >= 0) this.idle.splice(position, 1)
  }
}
