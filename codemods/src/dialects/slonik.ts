import type { Dialect } from '../model/dialect'

/** `pool.connect(async (connection) => …)` of slonik: scoped already, on a connection that takes tagged statements only. */
export const slonik: Dialect = {
  id: 'slonik',
  receiver: {
    types: ['DatabasePool', 'createPool()'].map((name) => ({ name, module: 'slonik' })),
    members: ['connect', 'transaction', 'oneFirst', 'maybeOne'],
  },
  acquire: [],
  release: [],
  scoped: [{ method: 'connect', callbackArgument: 0 }],
  handle: { kind: 'own', types: [{ name: 'DatabasePoolConnection', module: 'slonik' }] },
  evidence: [{ modules: ['slonik'] }],
}
