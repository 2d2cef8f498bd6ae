import type { ClientBase } from 'pg'
import { withDeadline } from '../core/deadline'
import { emitSafely } from '../core/events'
import type { Driver } from './driver'
import { withGiveBackStack } from './give-back-stack'
import type { PoolContext } from './pool-context'
import type { AcquireRequest } from './pool-strategy'

/** Whether a connection may be kept as it is, without a word to the server. */
export function isClean(driver: Driver, client: ClientBase, request: AcquireRequest): boolean {
  return (
    request.readOnly !== true &&
    driver.activity(client) === 'ready' &&
    driver.transactionState(client) === 'none'
  )
}

/** Makes the session refuse to write; {@link cleanConnection} undoes it. Rejects when the server does not obey in time. */
export async function makeReadOnly(client: ClientBase, { clock, options }: PoolContext): Promise<void> {
  const timeoutMs = options.resetTimeoutMs
  const makeError = (): Error => new Error(`the server did not answer within ${String(timeoutMs)} ms`)
  await withDeadline(client.query('SET default_transaction_read_only = on'), { clock, timeoutMs, makeError })
}

/**
 * Brings a connection that was given back to the state of a new one: waits for queries that still run, rolls an open
 * transaction back, takes back what the pool itself had set. Resolves with whether it may be kept; never rejects.
 */
export async function cleanConnection(
  client: ClientBase,
  asked: AcquireRequest,
  context: PoolContext,
): Promise<boolean> {
  const request = withGiveBackStack(asked)
  const { clock, onEvent } = context
  const timeoutMs = context.options.resetTimeoutMs
  const makeError = (): Error => new Error(`the connection was not clean within ${String(timeoutMs)} ms`)
  try {
    await withDeadline(clean(client, request, context), { clock, timeoutMs, makeError })
    return context.driver.activity(client) === 'ready' && context.driver.transactionState(client) === 'none'
  } catch (error) {
    if (!(error instanceof NotKept))
      emitSafely(onEvent, { kind: 'reset-failed', purpose: request.purpose, error })
    return false
  }
}

/** Not a failure: the options say that such a connection is closed. */
class NotKept extends Error {}

async function clean(client: ClientBase, request: AcquireRequest, context: PoolContext): Promise<void> {
  const { driver, onEvent, options } = context
  const origin = {
    purpose: request.purpose,
    ...(request.stack === undefined ? {} : { stack: request.stack }),
  }
  if (driver.activity(client) === 'busy') emitSafely(onEvent, { kind: 'released-while-busy', ...origin })
  await waitUntilReady(driver, client)
  const status = driver.transactionState(client)
  if (status === 'unknown') throw new Error('the server has not told the state of the transaction')
  if (status !== 'none') {
    if (options.openTransactionOnRelease === 'destroy') {
      emitSafely(onEvent, { kind: 'open-transaction-destroyed', status, ...origin })
      throw new NotKept()
    }
    await client.query('ROLLBACK')
    emitSafely(onEvent, { kind: 'open-transaction-rolled-back', status, ...origin })
  }
  if (request.readOnly === true) await client.query('RESET default_transaction_read_only')
}

/** Resolves when the server has answered everything that was sent; rejects when the connection ends before. */
export function waitUntilReady(driver: Driver, client: ClientBase): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      const activity = driver.activity(client)
      if (activity === 'busy' || activity === 'settling') return
      client.removeListener('drain', check)
      client.removeListener('error', check)
      client.removeListener('end', check)
      if (activity === 'ready') resolve()
      else reject(new Error('the connection was lost while a query was running'))
    }
    client.on('drain', check)
    client.on('error', check)
    client.on('end', check)
    check()
  })
}
