// Pools over a real server under one shape: `lease(use)` takes a connection, runs `use` on it and gives it back.
import { createConnectionService, DropInPool, pg } from './product.mjs'

function overPgPool(pool) {
  // An idle connection that the server ends is no affair of a benchmark.
  pool.on('error', () => undefined)
  return {
    pool,
    async lease(use) {
      const client = await pool.connect()
      try {
        await use(client)
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}

function overService(service) {
  return {
    service,
    async lease(use) {
      const connection = await service.connection()
      try {
        await use(connection)
      } finally {
        connection.release()
      }
    },
    close: () => service.close(),
  }
}

export const createServerPgPool = (connection, max = 10) => overPgPool(new pg.Pool({ ...connection, max }))

export const createServerService = (connection, max = 10, pool = {}) =>
  overService(createConnectionService({ databases: { connection, pool: { max, ...pool } } }))

/** By name: makers of our faces, as far as this build has them. */
export const serverFaces = {
  'service.connection()': createServerService,
  ...(DropInPool && {
    "pgferry/pg's Pool": (connection, max = 10) => overPgPool(new DropInPool({ ...connection, max })),
  }),
}
