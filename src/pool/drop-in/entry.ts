import type { ClientBase } from 'pg'
import type { SessionState } from '../session-state'
import { sendUnguarded, type ClientGuard } from './guard-client'
import type { LentClient, Loan } from './lender'

/**
 * Where a client is: logging in; with a caller; at rest; being asked whether it lives; being cleaned after a give-back; on its
 * way out.
 */
export type EntryState = 'opening' | 'leased' | 'idle' | 'validating' | 'cleaning' | 'closing'

/** What we read of a client beyond its published types, and what `pg-pool` writes on it; a client of the user's own may lack any. */
export interface ClientFields {
  _queryable?: boolean
  _ending?: boolean
  _poolUseCount?: number
  readonly connection?: { readonly stream?: { destroy?(): void } }
  getTransactionStatus?: unknown
  isConnected?(): boolean
  ref?(): void
  unref?(): void
}

/** Who keeps the clients. */
export interface Keeper {
  handOut(entry: Entry): LentClient
  takeBack(entry: Entry, lease: number, error: unknown): void
  /** The client has emitted `error`, at any time of its life. */
  errored(entry: Entry, error: Error): void
  /** The client has come to its end, by whomever. */
  ended(entry: Entry): void
}

/** One client of a pool, from its making to its end. */
export class Entry implements Loan, ClientGuard {
  readonly client: LentClient
  readonly fields: ClientFields
  /** Whether it tells of transactions; a client of the user's own may not. */
  readonly hasTransactionStatus: boolean
  state: EntryState = 'opening'
  /** Number of the lease that is out; 0 for none. */
  lease = 0
  onError: ((error: Error) => void) | undefined
  leasedAtMs = 0
  idleSinceMs = 0
  /** When it is too old to be lent; infinite without a limit. */
  expiresAtMs = Infinity
  /** It has not answered in time, so nothing more is asked of it. */
  isLost = false
  /** Whether its socket lets the process end. */
  isUnreferenced = false
  session: SessionState | undefined
  ownQuery: ((...args: unknown[]) => unknown) | undefined

  constructor(
    client: ClientBase,
    readonly keeper: Keeper,
    /** When its connect began. */
    readonly startedAtMs: number,
  ) {
    this.client = client as LentClient
    this.fields = client
    this.hasTransactionStatus = typeof this.fields.getTransactionStatus === 'function'
  }

  handOut(): LentClient {
    return this.keeper.handOut(this)
  }

  giveBack(error: unknown): void {
    this.keeper.takeBack(this, this.lease, error)
  }

  /** Sends for the pool itself, past the guard that keeps others from using it at rest. */
  send(text: string): Promise<unknown> {
    return sendUnguarded(this, text) as Promise<unknown>
  }

  /** Whether nobody but the pool may use it now. */
  get isAtRest(): boolean {
    return this.state === 'idle' || this.state === 'validating' || this.state === 'cleaning'
  }

  /** Whether it will answer: false once its socket has failed or somebody has ended it. */
  get isAlive(): boolean {
    return !this.isLost && this.fields._queryable !== false && this.fields._ending !== true
  }
}
