import type { Clock } from '../../core/clock'
import { createConnectionHandle } from '../../core/connection-handle'
import { withDeadline } from '../../core/deadline'
import { ConnectFailedError } from '../../core/errors'
import { emitSafely, type EventListener } from '../../core/events'
import type { LeaseEnd } from '../../core/lease'
import type { BackendLease, LegacyBackend } from '../backend/legacy-backend'
import type { SidePort } from './side-port'

/**
 * Milliseconds for making a session read-only or clean, as the service's default. A statement or a cursor that never ends would
 * keep the connection out for ever; the old manager is told to close it instead.
 */
const cleaningTimeoutMs = 5_000

/** The old manager as a side. Its connections come in the same handles as the service's, with the same rules. */
export function createLegacySide(backend: LegacyBackend, clock: Clock, events?: EventListener): SidePort {
  return {
    pool: backend.kind,
    returnsAtEnd: false,
    async acquire(purpose, { timeoutMs, signal, readOnly }, target) {
      const lease = await backend.acquire({
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(signal === undefined ? {} : { signal }),
      })
      if (readOnly === true) await makeReadOnly(lease, clock)
      return createConnectionHandle(lease.client, (end) => {
        giveBack(lease, end, {
          purpose,
          isReadOnly: readOnly === true,
          clock,
          events,
          onReturned: () => {
            target.returned()
          },
        })
      })
    },
  }
}

interface GiveBackContext {
  readonly purpose: string
  readonly isReadOnly: boolean
  readonly clock: Clock
  readonly events: EventListener | undefined
  /** Called when the old manager has the connection back. */
  readonly onReturned: () => void
}

/** What is read of a client; other drivers than `pg` may lack all but `query`. */
interface LegacyClient {
  query(statement: string): Promise<unknown>
  getTransactionStatus?(): string | null
  /** False from the moment a statement is sent until the server is ready for the next. */
  readonly readyForQuery?: boolean
}

async function makeReadOnly(lease: BackendLease, clock: Clock): Promise<void> {
  try {
    await inTime((lease.client as LegacyClient).query('SET default_transaction_read_only = on'), clock)
  } catch (cause) {
    await lease.release(cause)
    throw new ConnectFailedError('could not make the session read-only', { cause })
  }
}

/** A clean connection goes back at once, like with the old `release()`. */
function giveBack(lease: BackendLease, end: LeaseEnd, context: GiveBackContext): void {
  if (end.discard) {
    release(lease, end.error ?? new Error('the borrower marked the connection as broken'), context)
    return
  }
  const client = lease.client as LegacyClient
  if (!needsCleaning(client, context)) {
    release(lease, undefined, context)
    return
  }
  inTime(clean(client, context), context.clock).then(
    () => {
      release(lease, undefined, context)
    },
    (error: unknown) => {
      emitSafely(context.events, { kind: 'reset-failed', purpose: context.purpose, error })
      release(lease, error, context)
    },
  )
}

function inTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  const makeError = (): Error => new Error(`the connection was not clean within ${cleaningTimeoutMs} ms`)
  return withDeadline(work, { clock, timeoutMs: cleaningTimeoutMs, makeError })
}

/** The borrower is gone: what the old manager says now goes to the listener, not to an unhandled rejection. */
function release(
  lease: BackendLease,
  error: unknown,
  { purpose, events, onReturned }: GiveBackContext,
): void {
  const onFailure = (reason: unknown): void => {
    emitSafely(events, { kind: 'release-failed', purpose, error: reason })
    onReturned()
  }
  try {
    const result = lease.release(error)
    if (result === undefined) onReturned()
    else result.then(onReturned, onFailure)
  } catch (reason) {
    onFailure(reason)
  }
}

function needsCleaning(client: LegacyClient, { isReadOnly }: GiveBackContext): boolean {
  return isReadOnly || client.readyForQuery === false || openTransaction(client) !== undefined
}

/** Old pools pass an open transaction on to the next borrower; the service does not, and both sides must agree. */
async function clean(client: LegacyClient, { purpose, isReadOnly, events }: GiveBackContext): Promise<void> {
  // The status is known once everything that was sent has been answered.
  if (client.readyForQuery === false) await client.query('')
  const status = openTransaction(client)
  if (status !== undefined) {
    await client.query('ROLLBACK')
    emitSafely(events, { kind: 'open-transaction-rolled-back', purpose, status })
  }
  if (isReadOnly) await client.query('RESET default_transaction_read_only')
}

function openTransaction(client: LegacyClient): 'open' | 'failed' | undefined {
  const status = client.getTransactionStatus?.()
  return status === 'T' ? 'open' : status === 'E' ? 'failed' : undefined
}
