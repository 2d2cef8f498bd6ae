import type { Dialect } from '../model/dialect'

const modules = [
  'pg',
  'pg-pool',
  'pg-native',
  'pgferry/pg',
  '@neondatabase/serverless',
  '@vercel/postgres',
  '@vercel/postgres-kysely',
]

/**
 * `pool.connect()` and `client.release()` of node-postgres and of the pools that are made after it; `pool.query()` takes no connection
 * of its own and is no site.
 */
export const nodePostgres: Dialect = {
  id: 'node-postgres',
  receiver: {
    types: [
      ...['pg', 'pg-pool', 'pgferry/pg', '@neondatabase/serverless'].map((module) => ({
        name: 'Pool',
        module,
      })),
      { name: 'native.Pool', module: 'pg' },
      { name: 'BoundPool', module: 'pg' },
      { name: 'default', module: 'pg-pool' },
      { name: '*', module: 'pg-pool' },
      ...['VercelPool', 'createPool()', 'db', 'sql'].map((name) => ({ name, module: '@vercel/postgres' })),
    ],
  },
  acquire: [{ method: 'connect', callbackArgument: 0 }],
  release: [{ on: 'connection', method: 'release', errorArgument: 0 }],
  scoped: [],
  handle: {
    kind: 'node-postgres',
    types: [
      { name: 'PoolClient', module: 'pg' },
      { name: 'PoolClient', module: '@neondatabase/serverless' },
      { name: 'VercelPoolClient', module: '@vercel/postgres' },
    ],
  },
  evidence: [{ modules, uses: ['release'], callbackParameters: 3 }],
}
