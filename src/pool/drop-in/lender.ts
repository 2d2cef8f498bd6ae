import type { ClientBase } from 'pg'

/** How `pg` has its clients given back. */
export type ReleaseClient = (error?: unknown) => void

/** A client while a caller has it. */
export type LentClient = ClientBase & { release: ReleaseClient }

/** A client from the moment it is lent until it is given back. */
export interface Loan {
  /** For statements of the pool itself. */
  readonly client: ClientBase
  /** Told of an `error` of the client while it is lent. */
  onError: ((error: Error) => void) | undefined
  /** Makes it the caller's, who gives it back by the client's own `release`. */
  handOut(): LentClient
  giveBack(error: unknown): void
}

/** One caller who waits for a client; told exactly once. */
export interface Waiter {
  /** When it joined the line; the line's own. */
  sinceMs: number
  deliver(loan: Loan): void
  refuse(error: unknown): void
}

/** Where a pool has its clients from. */
export interface Lender {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly expiredCount: number
  /** The clients that there are, in order of their making. */
  readonly clients: readonly ClientBase[]
  /** A client, lent and announced, when there is one without waiting. */
  tryLend(): Loan | undefined
  /**
   * Puts a caller into the line. Answers whether an error of its wait can do without the caller's stack: it explains itself, or there is
   * none to expect, for who waits behind others and for as long as it takes.
   */
  wait(waiter: Waiter): boolean
  /** Lends nothing more; calls back once everything is back and closed. */
  end(onEnded: () => void): void
}

export type PoolEvent =
  'connect' | 'acquire' | 'release' | 'remove' | 'error' | 'sessionState' | 'openTransaction'

/** What a lender knows of the pool that it works for. */
export interface LenderOwner {
  /** Tells the listeners, if there are any. */
  tell(event: PoolEvent, ...facts: unknown[]): void
  /** Whether anybody listens. */
  hears(event: PoolEvent): boolean
  /** For the function that the user gave as `log`. */
  readonly log: (message: string, ...details: unknown[]) => void
}

/** How `pg-pool` words the second release of one checkout; people look for it. */
export const doubleReleaseMessage = 'Release called on client which has already been released to the pool.'
