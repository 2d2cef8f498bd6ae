export { createFerry } from './ferry/create-ferry'
export type { Ferry, FerryComponent } from './ferry/create-ferry'
export type { ComponentOptions, FerryDeps, FerryOptions, PoolsOptions } from './ferry/ferry-options'
export type { BudgetStatus, ComponentStatus, FerryStatus } from './ferry/ferry-status'
export type { Side, Stage } from './ferry/catalog/side'
export { stageBounds } from './ferry/catalog/side'

export type {
  BackendLease,
  BackendOptions,
  BackendRequest,
  LegacyBackend,
} from './ferry/backend/legacy-backend'
export { fromPgPool } from './ferry/backend/from-pg-pool'
export { fromGetconn } from './ferry/backend/from-getconn'
export type { GetconnManager } from './ferry/backend/from-getconn'
export { fromContextManager } from './ferry/backend/from-context-manager'
export type { WithConnection } from './ferry/backend/from-context-manager'
export { fromDelegate } from './ferry/backend/from-delegate'
export type { DelegateMethods } from './ferry/backend/from-delegate'
export { addGetconn } from './ferry/backend/add-getconn'
export type { AddGetconnOptions, GetconnMethods } from './ferry/backend/add-getconn'

export type { InfraDelegate } from './ferry/legacy-api/infra-delegate'
export type { ResilientPoolManager } from './ferry/legacy-api/resilient-pool-manager'
export type { DelegatePool } from './ferry/legacy-api/delegate-pool'
export { KeyError, PoolError } from './ferry/legacy-api/legacy-errors'

export type { FlagHealth, FlagSnapshot, FlagSource } from './ferry/flags/flag-source'
export { staticFlags } from './ferry/flags/static-flags'
export type { StaticFlagSource } from './ferry/flags/static-flags'
export { fileFlags } from './ferry/flags/file-flags'
export type { FileFlagOptions, FileFlagSource } from './ferry/flags/file-flags'
export { writeFlagsFile } from './ferry/flags/flags-file'
export type { FlagsFile } from './ferry/flags/flags-file'
export { envFlags } from './ferry/flags/env-flags'
export type { EnvFlagOptions, EnvFlagSource } from './ferry/flags/env-flags'
export { unleashFlags } from './ferry/flags/unleash-flags'
export type { UnleashFlagOptions } from './ferry/flags/unleash-options'
