import { withDeadline } from '../../core/deadline'
import { emitSafely } from '../../core/events'
import { waitUntilReady } from '../clean-connection'
import { withGiveBackStack } from '../give-back-stack'
import type { PoolContext } from '../pool-context'
import type { AcquireRequest } from '../pool-strategy'
import type { Slot } from './slot'

/** The part of `resetTimeoutMs` in which queries may end by themselves; an unawaited COMMIT must not be cut off. */
const patience = 0.2

/** Whether a connection that comes back may be kept as it is, without a word to the server. */
export function isSpotless(slot: Slot, request: AcquireRequest, { driver, options }: PoolContext): boolean {
  return (
    !slot.isRoleInDoubt &&
    request.readOnly !== true &&
    (options.resetSession === 'never' ||
      (options.resetSession === 'when-dirty' && !slot.session.isTouched)) &&
    driver.activity(slot.client) === 'ready' &&
    driver.transactionState(slot.client) === 'none'
  )
}

/**
 * Brings a connection that was given back to its baseline: lets queries end or cancels them, rolls an open transaction back,
 * resets what the session was left with. Resolves with whether it may be kept; never rejects.
 */
export async function cleanSlot(slot: Slot, asked: AcquireRequest, context: PoolContext): Promise<boolean> {
  const request = withGiveBackStack(asked)
  const { clock, onEvent, driver, options } = context
  const timeoutMs = options.resetTimeoutMs
  const makeError = (): Error => new Error(`the connection was not clean within ${String(timeoutMs)} ms`)
  try {
    if (driver.activity(slot.client) !== 'ready' && !(await endsInTime(slot, request, context))) return false
    const isKept = await withDeadline(restore(slot, request, context), { clock, timeoutMs, makeError })
    return (
      isKept && driver.activity(slot.client) === 'ready' && driver.transactionState(slot.client) === 'none'
    )
  } catch (error) {
    emitSafely(onEvent, { kind: 'reset-failed', purpose: request.purpose, error })
    return false
  }
}

/** False when the borrower left behind what does not end by itself: closing the connection cancels it on the server. */
async function endsInTime(slot: Slot, request: AcquireRequest, context: PoolContext): Promise<boolean> {
  const { clock, onEvent, driver, options } = context
  if (driver.activity(slot.client) === 'busy') {
    emitSafely(onEvent, { kind: 'released-while-busy', ...originOf(request) })
  }
  const timeoutMs = options.resetTimeoutMs * patience
  const makeError = (): Error =>
    new Error(
      `a query of the last borrower still ran ${String(timeoutMs)} ms after the give-back; it was cancelled`,
    )
  try {
    await withDeadline(waitUntilReady(driver, slot.client), { clock, timeoutMs, makeError })
    return true
  } catch (error) {
    emitSafely(onEvent, { kind: 'reset-failed', purpose: request.purpose, error })
    return false
  }
}

async function restore(slot: Slot, request: AcquireRequest, context: PoolContext): Promise<boolean> {
  const { driver, onEvent, options } = context
  const { client, session } = slot
  const status = driver.transactionState(client)
  if (status === 'unknown') throw new Error('the server has not told the state of the transaction')
  if (status !== 'none') {
    if (options.openTransactionOnRelease === 'destroy') {
      emitSafely(onEvent, { kind: 'open-transaction-destroyed', status, ...originOf(request) })
      return false
    }
    await client.query('ROLLBACK')
    emitSafely(onEvent, { kind: 'open-transaction-rolled-back', status, ...originOf(request) })
  }
  const state = session.touched()
  const plan = session.resetPlan(options.resetSession === 'always' ? 'always' : 'when-dirty')
  if (options.resetSession === 'never' || plan.kind === 'clean') {
    if (request.readOnly === true) await client.query('RESET default_transaction_read_only')
    return true
  }
  if (plan.kind === 'cannot') return false
  await client.query(plan.text)
  session.markClean()
  // What the pool has set itself is no news.
  if (state.length > 0 && request.readOnly !== true) {
    emitSafely(onEvent, { kind: 'session-state-reset', state, ...originOf(request) })
  }
  return true
}

function originOf({ purpose, stack }: AcquireRequest): { readonly purpose: string; readonly stack?: string } {
  return stack === undefined ? { purpose } : { purpose, stack }
}
