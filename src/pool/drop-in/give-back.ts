import type { ClientBase } from 'pg'
import type { Clock } from '../../core/clock'
import { withDeadline } from '../../core/deadline'
import { waitUntilReady } from '../clean-connection'
import type { Driver } from '../driver'
import { activityOf, transactionStateOf } from '../pg-client-state'
import type { DropInExtras } from './drop-in-options'
import type { Entry } from './entry'
import { isSubmittable } from './guard-client'
import type { LenderOwner } from './lender'

export interface CleanContext {
  readonly clock: Clock
  readonly driver: Driver
  readonly owner: LenderOwner
  readonly extras: Required<DropInExtras>
}

/** Whether the client may go to the next borrower as it is, without a word to the server. */
export function isSpotless(entry: Entry, { resetSession }: Required<DropInExtras>): boolean {
  return (
    activityOf(entry.client) === 'ready' &&
    !isInTransaction(entry) &&
    (resetSession === 'never' || (resetSession === 'when-dirty' && entry.session?.isTouched !== true))
  )
}

function isInTransaction(entry: Entry): boolean {
  if (!entry.hasTransactionStatus) return false
  const status = transactionStateOf(entry.client)
  return status === 'open' || status === 'failed'
}

/**
 * Makes a client that was given back fit for the next borrower: lets its queries end, rolls an open transaction back, resets
 * the session when asked to. Resolves with whether it may be kept; never rejects.
 */
export async function cleanEntry(entry: Entry, context: CleanContext): Promise<boolean> {
  const { clock, extras, owner } = context
  const timeoutMs = extras.resetTimeoutMs
  const makeError = (): Error => new Error(`the client was not clean within ${String(timeoutMs)} ms`)
  try {
    const ready = waitUntilReady(context.driver, entry.client)
    // A query that nobody awaits is somebody's work all the same; a cursor that was left open never ends by itself.
    await (isCursorOpen(entry.client) ? withDeadline(ready, { clock, timeoutMs, makeError }) : ready)
    return await withDeadline(restore(entry, context), { clock, timeoutMs, makeError })
  } catch (error) {
    owner.log('remove client that could not be cleaned', error)
    return false
  }
}

function isCursorOpen(client: ClientBase): boolean {
  const { _activeQuery: active } = client as { _activeQuery?: { callback?: unknown } | null }
  return isSubmittable(active) && !('requiresPreparation' in active)
}

async function restore(entry: Entry, { owner, extras }: CleanContext): Promise<boolean> {
  if (isInTransaction(entry)) {
    const status = transactionStateOf(entry.client)
    owner.log('roll back open transaction')
    await entry.send('ROLLBACK')
    owner.tell('openTransaction', entry.client, status)
  }
  const { resetSession } = extras
  if (resetSession !== 'never' && entry.session !== undefined) {
    const plan = entry.session.resetPlan(resetSession)
    if (plan.kind === 'cannot') return false
    if (plan.kind === 'statement') await entry.send(plan.text)
    entry.session.markClean()
  }
  return activityOf(entry.client) === 'ready' && !isInTransaction(entry)
}

/** Whether a client that has been silent answers; one round trip. Never rejects. */
export async function validateEntry(entry: Entry, { clock, extras, owner }: CleanContext): Promise<boolean> {
  // A client of the user's own need not speak to a server at all.
  if (entry.fields.connection === undefined) return true
  const timeoutMs = extras.validationTimeoutMs
  const makeError = (): Error => new Error(`the client gave no answer within ${String(timeoutMs)} ms`)
  try {
    await withDeadline(entry.send(''), { clock, timeoutMs, makeError })
    return true
  } catch (error) {
    owner.log('remove client that does not answer', error)
    return false
  }
}
