import type { Clock } from '../../core/clock'
import type { EventListener } from '../../core/events'
import type { Random } from '../../core/random'
import { describeTarget, type ConnectionSource } from '../connection-target'
import type { Driver } from '../driver'
import type { PoolOptions, ResolvedPoolOptions } from '../pool-options'
import { defaultBreakerSettings } from './breaker'
import { HostTable, type HostAddress } from './host-table'
import type { ConnectHook } from './opener'

export interface ResilientPoolOptions {
  readonly connection: ConnectionSource
  /** Several hosts of one database; the role of each is found, not configured. Without them, the connection says where to. */
  readonly hosts?: readonly { readonly host: string; readonly port?: number }[]
  readonly pool?: PoolOptions
  /** How events and errors call the pool; default `default`. */
  readonly name?: string
}

export interface ResilientPoolDeps {
  readonly clock: Clock
  readonly random: Random
  readonly onEvent: EventListener
  readonly driver: Driver
  /** Runs once for each new connection, before anybody gets it; what it sets is the baseline that a reset comes back to. */
  readonly onConnect: ConnectHook
}

const defaultPort = 5432

export function createHostTable(
  { connection, hosts }: ResilientPoolOptions,
  options: ResolvedPoolOptions,
  random: Random,
): HostTable {
  const addresses: readonly HostAddress[] = hosts?.map(({ host, port = defaultPort }) => ({
    host,
    port,
  })) ?? [addressOf(connection)]
  const { breakerFailureCount: failureCount, breakerOutageMs: outageMs, probeIntervalMs } = options
  const { maxLagMs, slowStartMs, roleRecheckMs } = options
  const breaker = { ...defaultBreakerSettings, failureCount, outageMs, probeIntervalMs }
  const settings = {
    breaker,
    // While something is missing; as long as all is well, `roleRecheckMs` of the pool is soon enough.
    roleRecheckMs: probeIntervalMs,
    failedRetryMs: roleRecheckMs,
    maxLagMs,
    slowStartMs,
  }
  return new HostTable(addresses, settings, random)
}

/** For statistics; a function may name another host each time. */
function addressOf(connection: ConnectionSource): HostAddress {
  if (typeof connection === 'function') return { host: '(given by the function)', port: 0 }
  const config = typeof connection === 'string' ? { connectionString: connection } : connection
  const { host, port } = describeTarget(config)
  return { host, port }
}
