import { AsyncResource } from 'node:async_hooks'
import type { ClientBase } from 'pg'
import type { TimerHandle } from '../../core/clock'
import { activityOf } from '../pg-client-state'
import type { Entry, Keeper } from './entry'
import { GrowthPlan } from './growth-plan'
import { openEntry, type OpenListener } from './open-entry'
import type { OwnLenderDeps } from './own-lender-deps'
import type { WaiterLine } from './waiter-line'

export interface RosterListener extends Pick<Keeper, 'handOut' | 'takeBack'> {
  /** A client has logged in; what is sent on it now belongs to its baseline. */
  announced(entry: Entry): void
  /** A client has logged in; it counts as nobody's until the listener has done something with it. */
  opened(entry: Entry): void
  /** A client has emitted `error`, or has come to its end. */
  lost(entry: Entry, error: Error | undefined): void
  /** A client is gone: there may be room for another one, or nothing left. */
  changed(): void
  /** Clients that will be of use again without a new connect: being cleaned or asked whether they live. */
  returningCount(): number
}

/** All clients of a pool, from their making to their end, and how many are made. */
export class Roster {
  readonly plan: GrowthPlan
  /** When a caller was last served by a client that came back. */
  servedAtMs = -Infinity
  readonly #deps: OwnLenderDeps
  readonly #line: WaiterLine
  readonly #listener: RosterListener
  readonly #entries = new Set<Entry>()
  readonly #turnNow: () => number
  // Counted here: asking a Set is a call that the compiler does not take apart, and each caller who waits asks.
  #size = 0
  /** Clients are opened in the pool's own async context, not in that of the caller who happened to need one. */
  readonly #scope = new AsyncResource('pgferry.Pool')
  readonly #openListener: OpenListener
  #openingCount = 0
  #closingCount = 0
  #timer: TimerHandle | undefined
  #isEnding = false

  constructor(deps: OwnLenderDeps, line: WaiterLine, listener: RosterListener) {
    this.#deps = deps
    this.#line = line
    this.#listener = listener
    this.plan = new GrowthPlan(deps.random)
    this.#openListener = this.#createOpenListener()
    const { clock } = deps
    this.#turnNow = clock.turnNow?.bind(clock) ?? (() => clock.now())
  }

  /** Those that are on their way out are not counted, as `pg-pool` counts. */
  get size(): number {
    return this.#size
  }

  get openingCount(): number {
    return this.#openingCount
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#closingCount === 0
  }

  get clients(): readonly ClientBase[] {
    return Array.from(this.#entries, (entry) => entry.client)
  }

  /** Why nobody gets a client although there is room for one. */
  get lastErrorWithRoom(): Error | undefined {
    return this.#room > 0 || this.#openingCount > 0 ? this.plan.lastError : undefined
  }

  countExpired(): number {
    const nowMs = this.#deps.clock.now()
    let count = 0
    for (const { expiresAtMs } of this.#entries) if (expiresAtMs <= nowMs) count++
    return count
  }

  /** Those for whom there is room are served still, as pg.Pool does; the others would wait for what is not lent any more. */
  startEnding(): void {
    this.#isEnding = true
    const refused = this.#line.cut(this.#openingCount + Math.max(0, this.#room))
    for (const waiter of refused) waiter.refuse(new Error('Cannot use a pool after calling end on the pool'))
  }

  /** Opens what those who wait need; comes back to it while some of them have nothing to look forward to. */
  grow(): void {
    const waiting = this.#line.size
    const opening = this.#openingCount
    if (waiting <= opening || this.#room <= 0) return
    const turnMs = this.#turnNow()
    this.plan.noteWaiting(waiting, turnMs, this.#line.joinedAtMs)
    if (this.plan.isLull(turnMs, waiting, opening, this.#size) && this.#timer !== undefined) return
    const nowMs = this.#deps.clock.now()
    let count = this.plan.decide({
      nowMs,
      turnMs,
      waiting,
      opening,
      room: this.#room,
      size: this.#size,
      returning: this.#isEnding ? 0 : this.#listener.returningCount(),
      leasedSinceMs: this.#isEnding ? [] : this.#leasedSinceMs(),
      servedAtMs: this.servedAtMs,
      waitingSince: (atMs) => this.#line.countSince(atMs),
    })
    while (count-- > 0 && this.#line.size > this.#openingCount) this.#open()
    if (this.#line.size > this.#openingCount && this.#room > 0) this.#growLater(nowMs)
  }

  /** Closes a client wherever it is; what it still runs is cancelled on the server first. A second call does nothing. */
  close(entry: Entry): void {
    if (!this.#remove(entry)) return
    const { driver, owner } = this.#deps
    const isBusy = entry.isAlive && activityOf(entry.client) === 'busy'
    entry.state = 'closing'
    this.#closingCount++
    const closed =
      isBusy && driver.cancel !== undefined
        ? driver.cancel(entry.client).then(() => driver.close(entry.client))
        : driver.close(entry.client)
    const done = (): void => {
      this.#closingCount--
      owner.tell('remove', entry.client)
      this.#listener.changed()
    }
    // A client of the user's own may lack what closing needs: it is gone all the same.
    closed.then(done, done)
  }

  stop(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #remove(entry: Entry): boolean {
    const wasThere = this.#entries.delete(entry)
    if (wasThere) this.#size--
    return wasThere
  }

  /** What is closed but not gone yet takes room: the server has it still. */
  get #room(): number {
    return (this.#deps.options.max ?? 10) - this.#size - this.#closingCount
  }

  *#leasedSinceMs(): Generator<number> {
    for (const { state, leasedAtMs } of this.#entries) if (state === 'leased') yield leasedAtMs
  }

  #growLater(nowMs: number): void {
    if (this.#timer !== undefined) return
    const { clock } = this.#deps
    const grow = (): void => {
      this.#timer = undefined
      this.grow()
    }
    const delayMs = Math.max(this.plan.lookAgainMs, this.plan.retryAtMs - nowMs)
    this.#timer = clock.setTimer(() => {
      // After a busy turn the timer comes before the answers that are waiting in the sockets: those first.
      this.#timer = clock.setTimer(grow, 0)
    }, delayMs)
  }

  #open(): void {
    this.#openingCount++
    this.#scope.runInAsyncScope(openEntry, undefined, this.#deps, this.#connectTimeoutMs, this.#openListener)
  }

  get #connectTimeoutMs(): number {
    return this.#deps.options.connectionTimeoutMillis ?? 0
  }

  #createOpenListener(): OpenListener {
    const { clock } = this.#deps
    const listener = this.#listener
    return {
      handOut: (entry) => listener.handOut(entry),
      takeBack: (entry, lease, error) => {
        listener.takeBack(entry, lease, error)
      },
      made: (entry) => {
        this.#entries.add(entry)
        this.#size++
      },
      announced: (entry) => {
        listener.announced(entry)
      },
      opened: (entry) => {
        const nowMs = clock.now()
        this.#openingCount--
        this.plan.succeed(nowMs - entry.startedAtMs)
        entry.expiresAtMs = nowMs + this.#drawLifetimeMs()
        listener.opened(entry)
        this.grow()
      },
      failed: (entry, error, startedAtMs) => {
        this.#fail(entry, error, startedAtMs)
      },
      errored: (entry, error) => {
        listener.lost(entry, error)
      },
      ended: (entry) => {
        listener.lost(entry, undefined)
      },
    }
  }

  #drawLifetimeMs(): number {
    const { options, extras, random } = this.#deps
    const lifetimeMs = (options.maxLifetimeSeconds ?? 0) * 1_000
    return lifetimeMs > 0 ? lifetimeMs * (1 - random() * extras.lifetimeJitter) : Infinity
  }

  /**
   * One failure is told to as many of those who had come by the start of it as pg.Pool would have opened a client for: so nobody
   * waits long for a server that is down.
   */
  #fail(entry: Entry | undefined, error: Error, startedAtMs: number): void {
    this.#openingCount--
    if (entry !== undefined) {
      this.#remove(entry)
      entry.state = 'closing'
    }
    this.plan.fail(error, this.#deps.clock.now())
    const meant = Math.max(1, Math.min(this.#line.size, this.#room) - this.#openingCount)
    const count = Math.min(meant, this.#line.countSince(startedAtMs))
    const refused = Array.from({ length: count }, () => this.#line.take())
    this.#listener.changed()
    for (const waiter of refused) waiter?.refuse(error)
  }
}
