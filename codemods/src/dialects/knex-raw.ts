import type { Dialect } from '../model/dialect'

/** `knex.client.acquireConnection()` and `knex.client.releaseConnection(connection)`: the driver's own client, past the query builder. */
export const knexRaw: Dialect = {
  id: 'knex-raw',
  receiver: {
    types: [
      'Knex.client',
      'Knex.Client',
      'Client',
      'Knex.Transaction.client',
      'Transaction.client',
      'QueryBuilder.client',
      'Knex.QueryBuilder.client',
      'knex().client',
      'Knex().client',
      'default().client',
      '*().client',
    ].map((name) => ({ name, module: 'knex' })),
  },
  acquire: [{ method: 'acquireConnection' }],
  release: [
    { on: 'receiver', method: 'releaseConnection', connectionArgument: 0 },
    { on: 'receiver', method: 'destroyRawConnection', connectionArgument: 0, isDiscard: true },
  ],
  scoped: [],
  handle: { kind: 'driver' },
  evidence: [{ modules: ['knex'] }],
}
