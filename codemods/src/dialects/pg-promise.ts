import type { Dialect } from '../model/dialect'

/** `db.connect()` and `connection.done()` of pg-promise: its connection formats values and shapes results in ways of its own. */
export const pgPromise: Dialect = {
  id: 'pg-promise',
  receiver: {
    types: [
      'IDatabase',
      'IMain()',
      'pgPromise()()',
      'default()()',
      '*()()',
      'pgPromise.IDatabase',
      'default.IDatabase',
    ].map((name) => ({ name, module: 'pg-promise' })),
  },
  acquire: [{ method: 'connect' }],
  release: [{ on: 'connection', method: 'done', errorArgument: 0 }],
  scoped: [],
  handle: { kind: 'own', types: [{ name: 'IConnected', module: 'pg-promise' }] },
  evidence: [{ modules: ['pg-promise'], uses: ['done'] }],
}
