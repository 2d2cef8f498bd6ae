import type { Clock, TimerHandle } from '../../core/clock'
import { onAbort } from '../../core/on-abort'
import type { AcquireRequest, PooledConnection } from '../pool-strategy'
import { createAbortError } from '../wait-queue'

/** One caller who waits; settled exactly once: with a connection, an error, its deadline or its signal. */
export class Waiter {
  isSettled = false
  /** Somebody prepares a connection for it; it keeps its deadline and is not given another. */
  isServed = false
  stopListening: (() => void) | undefined

  constructor(
    readonly request: AcquireRequest,
    readonly sinceMs: number,
    readonly timeoutMs: number,
    readonly deliver: (connection: PooledConnection) => void,
    readonly refuse: (error: Error) => void,
  ) {}

  get deadlineMs(): number {
    return this.sinceMs + this.timeoutMs
  }
}

/** What a caller is told when its deadline passes; made after it has left the queue, so that it does not count itself. */
export type MakeTimeoutError = (waiter: Waiter) => Error

/** From here on a wait is long against a turn of the event loop. */
const longWaitMs = 2_000

/** The array is compacted when this many of its places, and half of them, are empty. */
const compactFrom = 64

/**
 * Callers in order of arrival. A caller who gives up leaves an empty place behind, so nothing is searched; ONE timer is set for
 * the earliest deadline and left to run when that caller is served, so serving costs no timer.
 */
export class WaiterQueue {
  readonly #clock: Clock
  readonly #makeTimeoutError: MakeTimeoutError
  readonly #onLeave: () => void
  #places: (Waiter | undefined)[] = []
  #head = 0
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

  /** Joins the end of the line. */
  wait(request: AcquireRequest, timeoutMs: number): Promise<PooledConnection> {
    return new Promise((resolve, reject) => {
      this.add(request, timeoutMs, resolve, reject)
    })
  }

  /** The same for callers who are told by callback. */
  add(
    request: AcquireRequest,
    timeoutMs: number,
    deliver: (connection: PooledConnection) => void,
    refuse: (error: Error) => void,
  ): void {
    const waiter = new Waiter(request, this.#startMs(timeoutMs), timeoutMs, deliver, refuse)
    const { signal } = request
    if (signal !== undefined) {
      waiter.stopListening = onAbort(signal, () => {
        if (this.settle(waiter)) refuse(createAbortError(signal))
      })
    }
    this.#places.push(waiter)
    this.#size++
    this.#watch(waiter.deadlineMs)
  }

  /** The first caller whose request `accepts`; it stays in the line. */
  first(accepts?: (request: AcquireRequest) => boolean): Waiter | undefined {
    for (let index = this.#head; index < this.#places.length; index++) {
      const waiter = this.#places[index]
      if (waiter !== undefined && (accepts === undefined || accepts(waiter.request))) return waiter
    }
    return undefined
  }

  /** Everybody in the line, in order. */
  *[Symbol.iterator](): Generator<Waiter> {
    for (let index = this.#head; index < this.#places.length; index++) {
      const waiter = this.#places[index]
      if (waiter !== undefined) yield waiter
    }
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
    if (this.settle(waiter)) waiter.refuse(makeError(waiter))
  }

  /** A long wait may be counted from the beginning of the turn: who has blocked the event loop has waited that long as well. */
  #startMs(timeoutMs: number): number {
    return timeoutMs >= longWaitMs ? (this.#clock.turnNow?.() ?? this.#clock.now()) : this.#clock.now()
  }

  #leave(waiter: Waiter): void {
    const places = this.#places
    // The first in line goes in constant time; whoever gives up in the middle leaves a hole.
    const index = places[this.#head] === waiter ? this.#head : places.indexOf(waiter, this.#head)
    places[index] = undefined
    this.#size--
    while (this.#head < places.length && places[this.#head] === undefined) this.#head++
    if (this.#head === places.length) {
      places.length = 0
      this.#head = 0
    } else if (this.#head >= compactFrom && this.#head * 2 >= places.length) {
      places.splice(0, this.#head)
      this.#head = 0
    }
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
        waiter.refuse(this.#makeTimeoutError(waiter))
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
