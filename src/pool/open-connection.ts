import type { ClientBase, ClientConfig } from 'pg'
import { withDeadline } from '../core/deadline'
import { createConnectFailedError } from './connect-failure'
import { resolveConnectionConfig, type ConnectionSource } from './connection-target'
import { openTraced } from './open-traced'
import type { PoolContext } from './pool-context'

/** Opens one connection. @throws ConnectFailedError that says where to, why, and what to do */
export async function openConnection(source: ConnectionSource, context: PoolContext): Promise<ClientBase> {
  const { driver, clock } = context
  // The driver keeps the same deadline for what follows.
  const { connectTimeoutMs: timeoutMs } = context.options
  const makeError = (): Error =>
    new Error(`it gave no answer within connectTimeoutMs (${String(timeoutMs)} ms)`)
  let config: ClientConfig | undefined
  try {
    config = await withDeadline(resolveConnectionConfig(source), { clock, timeoutMs, makeError })
    const opened = config
    return await openTraced(context, opened, () => driver.open(opened))
  } catch (cause) {
    throw createConnectFailedError(cause, config)
  }
}
