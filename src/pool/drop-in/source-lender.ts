import type { ClientBase } from 'pg'
import { identityOf, isConnectionHandle, observeLeaseEnd } from '../../core/connection-handle'
import {
  doubleReleaseMessage,
  type Lender,
  type LenderOwner,
  type LentClient,
  type Loan,
  type Waiter,
} from './lender'

/** Somebody who lends connections: a running service, for one of its purposes. */
export interface PoolSource {
  /** What {@link PoolSource.acquire} would answer without waiting, if it can. */
  tryAcquire?(): ClientBase | undefined
  acquire(): Promise<ClientBase>
  /** @param error why the connection must not be lent again, if so */
  release(client: ClientBase, error?: unknown): void
  stats(): { readonly total: number; readonly idle: number; readonly max: number }
}

/**
 * Clients of somebody else's. `connect` is told when a connection is seen for the first time, `remove` when it was given back to be
 * closed; waiting, limits and errors are the owner's.
 */
export class SourceLender implements Lender {
  readonly expiredCount = 0
  readonly #source: PoolSource
  readonly #owner: LenderOwner
  readonly #seen = new WeakSet()
  readonly #lent = new Set<ClientBase>()
  #waitingCount = 0
  #onEnded: (() => void) | undefined

  constructor(source: PoolSource, owner: LenderOwner) {
    this.#source = source
    this.#owner = owner
  }

  get totalCount(): number {
    return this.#source.stats().total
  }

  get idleCount(): number {
    return this.#source.stats().idle
  }

  get waitingCount(): number {
    return this.#waitingCount
  }

  get clients(): readonly ClientBase[] {
    return [...this.#lent]
  }

  tryLend(): Loan | undefined {
    const client = this.#source.tryAcquire?.()
    return client === undefined ? undefined : this.#lend(client)
  }

  wait(waiter: Waiter): boolean {
    this.#waitingCount++
    const leave = (): void => {
      this.#waitingCount--
    }
    this.#source.acquire().then(
      (client) => {
        leave()
        waiter.deliver(this.#lend(client))
        this.#settleEnd()
      },
      (error: unknown) => {
        leave()
        waiter.refuse(error)
        this.#settleEnd()
      },
    )
    return true
  }

  end(onEnded: () => void): void {
    this.#onEnded = onEnded
    this.#settleEnd()
  }

  #lend(client: ClientBase): Loan {
    const lent = client as LentClient
    let isBack = false
    const note = (error: unknown): void => {
      isBack = true
      this.#lent.delete(client)
      this.#owner.tell('release', error, client)
      if (error) this.#owner.tell('remove', client)
      this.#settleEnd()
    }
    this.#lent.add(client)
    const identity = identityOf(client)
    if (!this.#seen.has(identity)) {
      this.#seen.add(identity)
      this.#owner.tell('connect', client)
    }
    this.#owner.tell('acquire', client)
    // A handle may be given back by its scope as well.
    if (isConnectionHandle(client)) {
      observeLeaseEnd(client, ({ discard, error }) => {
        if (!isBack) note(error ?? (discard || undefined))
      })
    }
    lent.release = (error) => {
      if (isBack) throw new Error(doubleReleaseMessage)
      if (!isConnectionHandle(client)) isBack = true
      this.#source.release(client, error)
      if (!isConnectionHandle(client)) note(error)
    }
    return {
      client,
      // The owner keeps an ear on it.
      onError: undefined,
      handOut: () => lent,
      giveBack: (error) => {
        lent.release(error)
      },
    }
  }

  #settleEnd(): void {
    if (this.#onEnded === undefined || this.#lent.size + this.#waitingCount > 0) return
    const onEnded = this.#onEnded
    this.#onEnded = undefined
    onEnded()
  }
}
