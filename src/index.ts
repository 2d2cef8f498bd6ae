export { createConnectionService } from './service/create-connection-service'
export type { ServiceDeps } from './service/create-connection-service'
export type {
  AcquireOptions,
  DatabaseConnectionService,
  DatabaseOptions,
  PurposeOptions,
  PurposeStats,
  QueryOptions,
  ServiceOptions,
  ServiceStats,
  TransactionOptions,
} from './service/connection-service'
export type { Connection, ScopedConnection } from './core/connection'
export type { CloseReason, ConnectionEvent, EventListener } from './core/events'
export {
  AcquireAbortedError,
  AcquireTimeoutError,
  CircuitOpenError,
  ConnectFailedError,
  DbConnectionError,
  ForeignConnectionError,
  InvalidOptionError,
  LeaseEndedError,
  NestedAcquireError,
  NoEligibleHostError,
  OutcomeUnknownError,
  PoolClosedError,
  PoolSaturatedError,
  QueryAbortedError,
  QueryTimeoutError,
  RollbackFailedError,
  TransactionFailedError,
} from './core/errors'
export type { DbConnectionErrorCode, HostFinding, LeaseHolder, PoolSnapshot } from './core/errors'
export type { Clock, TimerHandle } from './core/clock'
export type { Random } from './core/random'
export { ResilientPoolStrategy } from './pool/resilient/resilient-pool'
export type { ResilientPoolDeps, ResilientPoolOptions } from './pool/resilient/resilient-options'
export { SimplePoolStrategy } from './pool/simple-pool'
export type { SimplePoolDeps, SimplePoolOptions } from './pool/simple-pool-options'
export { defaultPoolOptions } from './pool/pool-options'
export type { PoolOptions, ResolvedPoolOptions } from './pool/pool-options'
export type { ConnectionSource } from './pool/connection-target'
export type {
  AcquireReceiver,
  AcquireRequest,
  HostStats,
  HostTarget,
  PooledConnection,
  PoolLimits,
  PoolStats,
  PoolStrategy,
  ReleaseOutcome,
} from './pool/pool-strategy'
export { traceChannelNames } from './core/tracing'
export type { AcquireMessage, ConnectMessage, ReleaseMessage } from './core/trace-messages'
export type { QueryMessage } from './core/query-message'
export type { SafeErrorFields } from './core/safe-error'
