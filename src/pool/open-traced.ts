import type { ClientBase, ClientConfig } from 'pg'
import { connectTrace } from '../core/tracing'
import { describeTarget } from './connection-target'
import type { PoolContext } from './pool-context'

/** What `open` does with `config`, published on `pgferry:connect` when somebody listens. */
export function openTraced(
  { name: pool, owner, clock }: Pick<PoolContext, 'name' | 'owner' | 'clock'>,
  config: ClientConfig,
  open: () => Promise<ClientBase>,
): Promise<ClientBase> {
  if (!connectTrace.isActive || owner === undefined) return open()
  const { host, port, database } = describeTarget(config)
  return connectTrace.promise({ pool, owner, host, port, database }, open, clock)
}
