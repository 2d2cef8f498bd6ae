import type { ClientBase } from 'pg'
import { createConnectionHandle } from '../../core/connection-handle'
import type { Entry } from './entry'
import { cleanEntry, isSpotless, validateEntry } from './give-back'
import { doubleReleaseMessage, type Lender, type LentClient, type Loan, type Waiter } from './lender'
import { keepListening } from './open-entry'
import type { OwnLenderDeps } from './own-lender-deps'
import { Roster } from './roster'
import { Shelf } from './shelf'
import { WaiterLine } from './waiter-line'

/**
 * The clients of a pool of its own, and the callers who wait for them. Callers wait for the pool, not for a client being made for
 * them: whichever is free first goes to who came first.
 */
export class OwnLender implements Lender {
  readonly #deps: OwnLenderDeps
  readonly #line: WaiterLine
  readonly #shelf: Shelf
  readonly #roster: Roster
  readonly #turnNow: () => number
  #cleaningCount = 0
  #validatingCount = 0
  #lastLease = 0
  #onEnded: (() => void) | undefined

  constructor(deps: OwnLenderDeps) {
    this.#deps = deps
    const { clock, options, owner } = deps
    this.#turnNow = clock.turnNow?.bind(clock) ?? (() => clock.now())
    this.#line = new WaiterLine(clock, (waiter) => {
      waiter.refuse(this.#roster.lastErrorWithRoom ?? new Error('timeout exceeded when trying to connect'))
    })
    this.#shelf = new Shelf(clock, {
      idleLimitMs: () => options.idleTimeoutMillis || Infinity,
      isAboveMin: () => this.#roster.size > (options.min ?? 0),
      close: (entry, why) => {
        owner.log(why === 'idle' ? 'remove idle client' : 'remove expired client')
        this.#close(entry)
      },
    })
    this.#roster = new Roster(deps, this.#line, {
      handOut: (entry) => this.#handOut(entry),
      takeBack: (entry, lease, error) => {
        this.#takeBack(entry, lease, error)
      },
      announced: (entry) => {
        owner.tell('connect', entry.client)
      },
      opened: (entry) => {
        this.#welcome(entry)
      },
      lost: (entry, error) => {
        this.#lose(entry, error)
      },
      changed: () => {
        this.#serve()
      },
      returningCount: () => this.#cleaningCount + this.#validatingCount,
    })
  }

  get totalCount(): number {
    return this.#roster.size
  }

  /** Those being cleaned or asked whether they live are nobody's either. */
  get idleCount(): number {
    return this.#shelf.size + this.#cleaningCount + this.#validatingCount
  }

  get waitingCount(): number {
    return Math.max(0, this.#line.size - this.#roster.openingCount)
  }

  get expiredCount(): number {
    return this.#roster.countExpired()
  }

  get clients(): readonly ClientBase[] {
    return this.#roster.clients
  }

  tryLend(): Loan | undefined {
    const entry = this.#shelf.top
    if (entry === undefined || this.#line.size > 0) return undefined
    const nowMs = this.#turnNow()
    if (!this.#isFit(entry, nowMs)) return undefined
    this.#shelf.pop()
    return this.#lend(entry, nowMs)
  }

  wait(waiter: Waiter): boolean {
    this.#line.add(waiter, this.#turnNow())
    if (this.#shelf.size > 0) this.#serve()
    else this.#roster.grow()
    // After the connect that it may have started: whose time is over at the same moment, and who knows more of the reason.
    const limitMs = this.#deps.options.connectionTimeoutMillis ?? 0
    this.#line.limit(limitMs)
    return limitMs === 0 && this.#line.size > this.#roster.openingCount
  }

  end(onEnded: () => void): void {
    this.#onEnded = onEnded
    this.#roster.startEnding()
    for (const entry of this.#shelf.all()) this.#close(entry)
    this.#serve()
  }

  /** Whether it may be lent at once. */
  #isFit(entry: Entry, nowMs: number): boolean {
    return (
      entry.isAlive &&
      entry.expiresAtMs > nowMs &&
      nowMs - entry.idleSinceMs < this.#deps.extras.validateAfterIdleMs
    )
  }

  #lend(entry: Entry, nowMs: number): Entry {
    const { owner } = this.#deps
    entry.state = 'leased'
    entry.lease = ++this.#lastLease
    entry.leasedAtMs = nowMs
    if (entry.isUnreferenced) {
      entry.isUnreferenced = false
      entry.fields.ref?.()
    }
    if (owner.hears('acquire')) owner.tell('acquire', entry.client)
    return entry
  }

  /** Each checkout has a `release` of its own, so that a late second one cannot end the lease of the next borrower. */
  #handOut(entry: Entry): LentClient {
    const { lease } = entry
    if (this.#deps.extras.handles === 'lease') {
      return createConnectionHandle(entry.client, ({ discard, error }) => {
        this.#takeBack(entry, lease, error ?? (discard || undefined))
      }) as unknown as LentClient
    }
    entry.client.release = (error) => {
      this.#takeBack(entry, lease, error)
    }
    return entry.client
  }

  #takeBack(entry: Entry, lease: number, error: unknown): void {
    if (entry.lease !== lease) throw new Error(doubleReleaseMessage)
    const { owner, options, extras } = this.#deps
    const { fields, session } = entry
    entry.lease = 0
    entry.onError = undefined
    keepListening(entry)
    const nowMs = this.#turnNow()
    // A sample is enough to know how long leases last.
    if ((lease & 7) === 0 || lease < 8) this.#roster.plan.returned(nowMs - entry.leasedAtMs)
    const uses = (fields._poolUseCount ?? 0) + 1
    fields._poolUseCount = uses
    if (owner.hears('release')) owner.tell('release', error, entry.client)
    if (session?.isTouched === true && owner.hears('sessionState')) {
      owner.tell('sessionState', entry.client, session.touched())
    }
    const isWorn = uses >= (options.maxUses ?? Infinity)
    if (error || isWorn || this.#onEnded !== undefined || !fields._queryable || fields._ending === true) {
      if (isWorn) owner.log('remove expended client')
      this.#close(entry)
    } else if (entry.expiresAtMs <= nowMs) {
      owner.log('remove expired client')
      this.#close(entry)
    } else if (isSpotless(entry, extras)) {
      this.#settleDown(entry, nowMs)
    } else {
      this.#clean(entry)
    }
  }

  /** Straight to who waits longest, or to rest. */
  #settleDown(entry: Entry, nowMs: number): void {
    const waiter = this.#line.take()
    if (waiter !== undefined) {
      this.#roster.servedAtMs = nowMs
      waiter.deliver(this.#lend(entry, nowMs))
      return
    }
    entry.state = 'idle'
    if (this.#deps.options.allowExitOnIdle === true && !entry.isUnreferenced) {
      entry.isUnreferenced = true
      entry.fields.unref?.()
    }
    this.#shelf.push(entry, nowMs)
  }

  #clean(entry: Entry): void {
    entry.state = 'cleaning'
    this.#cleaningCount++
    void cleanEntry(entry, this.#deps).then((isFit) => {
      this.#cleaningCount--
      this.#judge(entry, 'cleaning', isFit)
    })
  }

  /** Asks a client that has been silent for long whether it is still there. */
  #validate(entry: Entry): void {
    entry.state = 'validating'
    this.#validatingCount++
    void validateEntry(entry, this.#deps).then((isFit) => {
      this.#validatingCount--
      this.#judge(entry, 'validating', isFit)
      // Whatever has cut this one off has cut off those that have been silent for longer.
      if (!isFit)
        for (const older of this.#shelf.all()) if (older.idleSinceMs <= entry.idleSinceMs) this.#drop(older)
    })
  }

  /** Ends the time in which a client was kept apart. */
  #judge(entry: Entry, state: 'cleaning' | 'validating', isFit: boolean): void {
    // It may have failed meanwhile.
    if (entry.state !== state) return
    const nowMs = this.#turnNow()
    if (!isFit) this.#drop(entry)
    else if (this.#onEnded !== undefined || !entry.isAlive || entry.expiresAtMs <= nowMs) this.#close(entry)
    else this.#settleDown(entry, nowMs)
  }

  /** A new client is looked at by the user's `verify`, and given to who waits longest. */
  #welcome(entry: Entry): void {
    const { options } = this.#deps
    const waiter = this.#line.take()
    if (waiter === undefined && this.#onEnded !== undefined) {
      this.#close(entry)
      return
    }
    const nowMs = this.#turnNow()
    const { verify } = options
    if (verify === undefined) {
      if (waiter === undefined) this.#settleDown(entry, nowMs)
      else waiter.deliver(this.#lend(entry, nowMs))
      return
    }
    const loan = this.#lend(entry, nowMs)
    const client = loan.handOut()
    const done = (error?: Error): void => {
      if (error || waiter === undefined) client.release(error)
      if (error) waiter?.refuse(error)
      else waiter?.deliver(loan)
    }
    try {
      verify(client as never, done)
    } catch (error) {
      done(error as Error)
    }
  }

  #lose(entry: Entry, error: Error | undefined): void {
    const { owner } = this.#deps
    if (entry.state === 'closing') {
      if (error !== undefined) owner.log('additional client error after disconnection due to error', error)
    } else if (entry.isAtRest) {
      this.#close(entry)
      if (error === undefined) return
      Object.assign(error, { client: entry.client })
      owner.tell('error', error, entry.client)
    } else if (error !== undefined) {
      // Its borrower hears of it by its query, or at the next one; the pool at the give-back.
      owner.log('client error while it was in use', error)
      entry.onError?.(error)
    }
  }

  /** Closes a client that does not answer, without asking anything of it. */
  #drop(entry: Entry): void {
    entry.isLost = true
    this.#close(entry)
  }

  #close(entry: Entry): void {
    if (entry.state === 'idle') this.#shelf.remove(entry)
    this.#roster.close(entry)
  }

  /** Gives what is at rest to who waits, asks what has been silent for long, opens what is lacking. */
  #serve(): void {
    const nowMs = this.#turnNow()
    while (this.#line.size > this.#validatingCount) {
      const entry = this.#shelf.pop()
      if (entry === undefined) break
      if (this.#isFit(entry, nowMs)) this.#settleDown(entry, nowMs)
      else if (!entry.isAlive || entry.expiresAtMs <= nowMs) this.#roster.close(entry)
      else this.#validate(entry)
    }
    this.#roster.grow()
    if (this.#onEnded === undefined || !this.#roster.isEmpty) return
    this.#line.stop()
    this.#shelf.stop()
    this.#roster.stop()
    const onEnded = this.#onEnded
    this.#onEnded = doNothing
    onEnded()
  }
}

function doNothing(): void {
  // The end was told.
}
