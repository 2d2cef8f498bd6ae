import type { Dialect } from '../model/dialect'

/**
 * `dataSource.createQueryRunner()`, then `await runner.connect()` or simply the first query, then `await runner.release()`. The runner has
 * an API of its own: it wraps errors, counts nested transactions and tells subscribers, so not even its statements are a connection's.
 */
export const typeormQueryRunner: Dialect = {
  id: 'typeorm-query-runner',
  receiver: {
    types: [
      'DataSource',
      'Connection',
      'EntityManager.connection',
      'EntityManager.dataSource',
      'Repository.manager.connection',
      'QueryRunner.connection',
      'createConnection()',
      'getConnection()',
      'getManager().connection',
    ].map((name) => ({ name, module: 'typeorm' })),
    members: ['createQueryRunner'],
  },
  acquire: [{ method: 'createQueryRunner', isSync: true, open: 'connect' }],
  release: [{ on: 'connection', method: 'release' }],
  scoped: [],
  handle: {
    kind: 'own',
    types: [{ name: 'QueryRunner', module: 'typeorm' }],
  },
  evidence: [{}],
}
