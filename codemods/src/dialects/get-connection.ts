import type { Dialect } from '../model/dialect'

const drivers = [
  'mysql2',
  'mysql2/promise',
  'mysql',
  'promise-mysql',
  'mariadb',
  'mariadb/callback',
  'oracledb',
]

/** `pool.getConnection()` and `connection.release()`, as in mysql2 and the drivers that share its words; by promise and by callback. */
export const getConnection: Dialect = {
  id: 'get-connection',
  receiver: {
    types: [
      'Pool',
      'PoolCluster',
      'PoolNamespace',
      'createPool()',
      'createPool().promise()',
      'Pool.promise()',
      'createPoolCluster()',
      'getPool()',
    ].flatMap((name) => drivers.map((module) => ({ name, module }))),
  },
  acquire: [{ method: 'getConnection', callbackArgument: 0 }],
  release: [
    { on: 'connection', method: 'release' },
    { on: 'receiver', method: 'releaseConnection', connectionArgument: 0 },
    { on: 'connection', method: 'destroy', isDiscard: true },
  ],
  scoped: [],
  handle: {
    kind: 'own',
    types: ['PoolConnection', 'Connection'].flatMap((name) => drivers.map((module) => ({ name, module }))),
  },
  evidence: [
    { modules: drivers, uses: ['release', 'destroy', 'end'], callbackParameters: 2 },
    { uses: ['release'], alsoUses: ['query', 'execute', 'beginTransaction', 'batch', 'ping'] },
  ],
}
