export { Pool } from './pool/drop-in/pool'
export type { DropInExtras, DropInOptions } from './pool/drop-in/drop-in-options'
export {
  Client,
  Connection,
  DatabaseError,
  defaults,
  escapeIdentifier,
  escapeLiteral,
  Query,
  Result,
  TypeOverrides,
  types,
} from './pool/pg-driver-pool'
