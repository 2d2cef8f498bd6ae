import { startPostgres } from '../../src/testing/embedded-postgres'
import type { PostgresServer } from '../../src/testing/embedded-postgres'

/** One PostgreSQL for the whole run; test files take databases of their own on it (`testDatabase`). */
export default async function startSharedPostgres(): Promise<void> {
  // More sessions than any test needs: the limit is the machine's, not a pool's.
  const server = await startPostgres({
    version: 15,
    settings: { max_connections: 200, max_prepared_transactions: 20 },
  })
  Object.assign(globalThis, { pgferrySharedPostgres: server } satisfies SharedPostgres)
  process.env['PGFERRY_TEST_PGHOST'] = server.host
  process.env['PGFERRY_TEST_PGPORT'] = String(server.port)
  process.env['PGFERRY_TEST_PGUSER'] = server.user
}

/** Hands the server from setup to teardown; Jest loads the two apart. */
export interface SharedPostgres {
  readonly pgferrySharedPostgres: PostgresServer
}
