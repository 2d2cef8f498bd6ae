import type { Clock, TimerHandle } from '../../core/clock'
import { onAbort } from '../../core/on-abort'
import type { AcquireReceiver, AcquireRequest } from '../pool-strategy'
import { createAbortError } from '../wait-queue'

/** One caller who waits; settled exactly once: with a connection, an error, its deadline or its signal. */
export class Waiter {
  isSettled = false
  /** Somebody prepares a connection for it; it keeps its deadline and is not given another. */
  isServed = false
  stopListening: (() => void) | undefined
  /** Its neighbours in the line; the queue's own. */
  previous: Waiter | undefined
  next: Waiter | undefined

  constructor(
    readonly request: AcquireRequest,
    readonly sinceMs: number,
    readonly timeoutMs: number,
    readonly receiver: AcquireReceiver,
  ) {}

  get deadlineMs(): number {
    return this.sinceMs + this.timeoutMs
  }
}

/** What a caller is told when its deadline passes; made after it has left the queue, so that it does not count itself. */
export type MakeTimeoutError = (waiter: Waiter) => Error

/** From here on a wait is long against a turn of the event loop. */
const longWaitMs = 2_000

/**
 * Callers in order of arrival, each knowing its neighbours: whoever leaves, from wherever, is not searched for. ONE timer is set for
 * the earliest deadline and left to run when that caller is served, so serving costs no timer.
 */
export class WaiterQueue {
  readonly #clock: Clock
  readonly #makeTimeoutError: MakeTimeoutError
  readonly #onLeave: () => void
  #head: Waiter | undefined
  #tail: Waiter | undefined
  #size = 0
  /** Waiters out of the line for whom a connection is being prepared. */
  readonly #served = new Set<Waiter>()
  #timer: TimerHandle | undefined
  #timerAtMs = Infinity

  /** @param onLeave called when a caller has given up: its place in the line is free */
  constructor(clock: Clock, makeTimeoutError: MakeTimeoutError, onLeave: () => void) {
    this.#clock = clock
    this.#makeTimeoutError = makeTimeoutError
    this.#onLeave = onLeave
  }

  /** Callers in the line. */
  get size(): number {
    return this.#size
  }

  /** When the last one has joined; of an empty line, never. */
  get joinedAtMs(): number {
    return this.#tail === undefined ? -Infinity : this.#tail.sinceMs
  }

  /** Joins the end of the line. */
  add(request: AcquireRequest, timeoutMs: number, receiver: AcquireReceiver): void {
    const waiter = new Waiter(request, this.#startMs(timeoutMs), timeoutMs, receiver)
    if (request.signal !== undefined) this.#heed(waiter, request.signal)
    const tail = this.#tail
    if (tail === undefined) this.#head = waiter
    else tail.next = waiter
    waiter.previous = tail
    this.#tail = waiter
    this.#size++
    this.#watch(waiter.deadlineMs)
  }

  #heed(waiter: Waiter, signal: AbortSignal): void {
    waiter.stopListening = onAbort(signal, () => {
      if (this.settle(waiter)) waiter.receiver.refuse(createAbortError(signal))
    })
  }

  /** The first caller whose request `accepts`; it stays in the line. */
  first(accepts?: (request: AcquireRequest) => boolean): Waiter | undefined {
    if (accepts === undefined) return this.#head
    let waiter = this.#head
    while (waiter !== undefined && !accepts(waiter.request)) waiter = waiter.next
    return waiter
  }

  /** Everybody in the line, in order; nobody may leave meanwhile. */
  *[Symbol.iterator](): Generator<Waiter> {
    for (let waiter = this.#head; waiter !== undefined; waiter = waiter.next) yield waiter
  }

  /**
   * Takes a waiter out for good. False when it has been settled meanwhile: what was meant for it is then still the giver's.
   * Whoever gets true must tell the caller.
   */
  settle(waiter: Waiter): boolean {
    if (waiter.isSettled) return false
    waiter.isSettled = true
    waiter.stopListening?.()
    if (waiter.isServed) this.#served.delete(waiter)
    else this.#leave(waiter)
    return true
  }

  /** Takes a waiter out of the line while its connection is prepared; its deadline and its signal go on. */
  serve(waiter: Waiter): void {
    this.#leave(waiter)
    waiter.isServed = true
    this.#served.add(waiter)
  }

  /** Ends every wait, in order. */
  rejectAll(makeError: (waiter: Waiter) => Error, accepts?: (request: AcquireRequest) => boolean): void {
    for (const waiter of [...this.#served, ...this]) {
      if (accepts === undefined || accepts(waiter.request)) this.reject(waiter, makeError)
    }
  }

  reject(waiter: Waiter, makeError: (waiter: Waiter) => Error): void {
    if (this.settle(waiter)) waiter.receiver.refuse(makeError(waiter))
  }

  /** A long wait may be counted from the beginning of the turn: who has blocked the event loop has waited that long as well. */
  #startMs(timeoutMs: number): number {
    return timeoutMs >= longWaitMs ? (this.#clock.turnNow?.() ?? this.#clock.now()) : this.#clock.now()
  }

  #leave(waiter: Waiter): void {
    const { previous, next } = waiter
    if (previous === undefined) this.#head = next
    else previous.next = next
    if (next === undefined) this.#tail = previous
    else next.previous = previous
    // It may be kept for long by whoever it was for; its neighbours need not be.
    waiter.previous = waiter.next = undefined
    this.#size--
    if (this.#size === 0 && this.#served.size === 0 && this.#timer !== undefined) {
      this.#clock.setBackground?.(this.#timer, true)
    }
  }

  #watch(deadlineMs: number): void {
    if (this.#timer !== undefined) {
      if (this.#size === 1) this.#clock.setBackground?.(this.#timer, false)
      if (deadlineMs >= this.#timerAtMs) return
      this.#clock.clearTimer(this.#timer)
    }
    if (deadlineMs === Infinity) return
    this.#timerAtMs = deadlineMs
    this.#timer = this.#clock.setTimer(
      () => {
        this.#expire()
      },
      Math.max(0, deadlineMs - this.#clock.now()),
    )
  }

  /** Refuses everybody whose deadline has passed and sets the timer for the next one. */
  #expire(): void {
    this.#timer = undefined
    this.#timerAtMs = Infinity
    const now = this.#clock.now()
    let nextMs = Infinity
    let hasLeft = false
    for (const waiter of [...this.#served, ...this]) {
      if (waiter.deadlineMs > now) {
        nextMs = Math.min(nextMs, waiter.deadlineMs)
      } else if (this.settle(waiter)) {
        hasLeft = true
        waiter.receiver.refuse(this.#makeTimeoutError(waiter))
      }
    }
    this.#watch(nextMs)
    if (hasLeft) this.#onLeave()
  }

  /** Clears the timer; called when nobody can wait any more. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerAtMs = Infinity
  }
}
