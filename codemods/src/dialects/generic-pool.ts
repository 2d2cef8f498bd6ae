import type { Dialect } from '../model/dialect'

/** `pool.acquire()`, `pool.release(resource)`, `pool.destroy(resource)` and `pool.use(callback)` of generic-pool, and of tarn. */
export const genericPool: Dialect = {
  id: 'generic-pool',
  receiver: {
    types: [
      ...['Pool', 'createPool()'].map((name) => ({ name, module: 'generic-pool' })),
      { name: 'Pool', module: 'tarn' },
    ],
  },
  acquire: [{ method: 'acquire' }],
  release: [
    { on: 'receiver', method: 'release', connectionArgument: 0 },
    { on: 'receiver', method: 'destroy', connectionArgument: 0, isDiscard: true },
    { on: 'connection', method: 'release' },
  ],
  scoped: [{ method: 'use', callbackArgument: 0 }],
  handle: {
    kind: 'made',
    types: ['Client', 'PoolClient', 'ClientBase'].flatMap((name) =>
      ['pg', '@neondatabase/serverless'].map((module) => ({ name, module })),
    ),
  },
  evidence: [{ modules: ['generic-pool', 'tarn'], uses: ['query'] }],
}
