/** The classes that libraries test for with `instanceof`. */
export { Pool as PgPool, Query as PgQuery } from 'pg'
/** What else a program takes from `pg`, for an entry that stands in its place. */
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
} from 'pg'
