export { MockPoolStrategy } from './pool/mock-pool'
export type { MockPoolOptions } from './pool/mock-pool'
export type { MockReply, MockServer, MockStatement, ReplyOptions } from './pool/mock-server'
export { describePoolStrategyContract } from './testing/pool-strategy-contract'
export type {
  ContractRunner,
  MakePoolStrategy,
  PoolStrategyContractOptions,
} from './testing/pool-strategy-contract'
export { startPostgres } from './testing/embedded-postgres'
export type {
  PostgresServer,
  PostgresSetting,
  PostgresStandby,
  StartPostgresOptions,
} from './testing/embedded-postgres'
export { EmbeddedPostgresError } from './testing/embedded-postgres-error'
export { createFaultProxy } from './testing/fault-proxy'
export type { FaultConnectionStats, FaultMode, FaultProxy, FaultProxyOptions } from './testing/fault-proxy'
