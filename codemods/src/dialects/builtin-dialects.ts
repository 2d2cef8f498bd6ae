import type { Dialect } from '../model/dialect'
import { contextManager } from './context-manager'
import { genericPool } from './generic-pool'
import { getConnection } from './get-connection'
import { infraDelegate } from './infra-delegate'
import { knexRaw } from './knex-raw'
import { nodePostgres } from './node-postgres'
import { pgPromise } from './pg-promise'
import { psycopg2Pool } from './psycopg2-pool'
import { slonik } from './slonik'
import { typeormQueryRunner } from './typeorm-query-runner'

/** The dialects that come with the tool. A new one is one file beside these and one line here. */
export const builtinDialects: readonly Dialect[] = [
  infraDelegate,
  psycopg2Pool,
  contextManager,
  nodePostgres,
  genericPool,
  knexRaw,
  typeormQueryRunner,
  getConnection,
  pgPromise,
  slonik,
]
