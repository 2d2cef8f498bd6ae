import type { Dialect } from '../model/dialect'

/** The delegate that tries to be both a raw pool and a context manager: `getDbConnection()` with and without a callback. */
export const infraDelegate: Dialect = {
  id: 'infra-delegate',
  receiver: { types: [{ name: 'InfraDelegate' }], members: ['getDbConnection', 'releaseDbConnection'] },
  acquire: [{ method: 'getDbConnection', open: 'open' }],
  release: [
    { on: 'receiver', method: 'releaseDbConnection', connectionArgument: 0 },
    { on: 'connection', method: 'release', errorArgument: 0 },
    { on: 'connection', method: 'close', errorArgument: 0 },
  ],
  scoped: [{ method: 'getDbConnection', callbackArgument: 0 }],
}
