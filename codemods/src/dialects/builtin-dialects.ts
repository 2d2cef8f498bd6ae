import type { Dialect } from '../model/dialect'
import { contextManager } from './context-manager'
import { infraDelegate } from './infra-delegate'
import { nodePostgres } from './node-postgres'
import { psycopg2Pool } from './psycopg2-pool'

/** The dialects that come with the tool. A new one is one file beside these and one line here. */
export const builtinDialects: readonly Dialect[] = [infraDelegate, psycopg2Pool, contextManager, nodePostgres]
