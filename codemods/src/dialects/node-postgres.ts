import type { Dialect } from '../model/dialect'

/** `pool.connect()` and `client.release()` of node-postgres; `pool.query()` takes no connection of its own and is no site. */
export const nodePostgres: Dialect = {
  id: 'node-postgres',
  receiver: {
    types: [
      { name: 'Pool', module: 'pg' },
      { name: 'Pool', module: 'pg-pool' },
      { name: 'Pool', module: 'pgferry/pg' },
    ],
  },
  acquire: [{ method: 'connect', callbackArgument: 0 }],
  release: [{ on: 'connection', method: 'release', errorArgument: 0 }],
  scoped: [],
}
