import type { ClientBase } from 'pg'
import type { ClientActivity, TransactionState } from './driver'

/** What we read of a client beyond its published types; all of it is set by `pg` 8.21 to 8.23. */
interface ClientInternals {
  readonly readyForQuery?: boolean
  readonly _activeQuery?: object | null
  readonly _queryQueue?: readonly unknown[]
  readonly _sentQueryQueue?: readonly unknown[]
  readonly _queryable?: boolean
  readonly _ending?: boolean
}

/** What a `pg.Client` is doing. */
export function activityOf(client: ClientBase): ClientActivity {
  const internals = client as ClientInternals
  if (internals._queryable === false || internals._ending === true) return 'ended'
  const queued = (internals._queryQueue?.length ?? 0) + (internals._sentQueryQueue?.length ?? 0)
  if (queued > 0 || (internals._activeQuery ?? null) !== null) return 'busy'
  return internals.readyForQuery === false ? 'settling' : 'ready'
}

/** The transaction of a `pg.Client`, as the server reported it with its last answer. */
export function transactionStateOf(client: ClientBase): TransactionState {
  switch (client.getTransactionStatus()) {
    case 'I':
      return 'none'
    case 'T':
      return 'open'
    case 'E':
      return 'failed'
    case null:
      return 'unknown'
  }
}

/** A strategy listens too and acts on it; this listener only keeps an early or late error from ending the process. */
export function ignoreError(): void {
  // Nothing to do.
}
