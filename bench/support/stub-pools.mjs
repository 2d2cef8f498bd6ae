// Pools over stub clients under one shape: `caller(left)` is a caller that takes a connection and gives it back until `left.count` is used
// up, as a user of that pool would write it, with nothing between: what the loop itself costs is small beside a lease.
import { createPool as createLightningPool } from 'lightning-pool'
import genericPool from 'generic-pool'
import { Pool as TarnPool } from 'tarn'
import { createConnectionService, DropInPool, pg, ResilientPoolStrategy } from './product.mjs'
import { StubClient, stubDriver } from './stub-client.mjs'

const max = 10

/** `pg.Pool`, or what has its face. */
export function loopPgPool(pool) {
  return async (left) => {
    while (left.count-- > 0) {
      const client = await pool.connect()
      client.release()
    }
  }
}

export function loopConnection(connections) {
  return async (left) => {
    while (left.count-- > 0) {
      const connection = await connections.connection()
      connection.release()
    }
  }
}

/** What `await using connection = await connections.connection()` compiles to. */
export function loopAwaitUsing(connections) {
  return async (left) => {
    while (left.count-- > 0) {
      const connection = await connections.connection()
      try {
        // Here would be the work.
      } finally {
        await connection[Symbol.asyncDispose]()
      }
    }
  }
}

export function loopWithConnection(connections) {
  const work = () => undefined
  return async (left) => {
    while (left.count-- > 0) await connections.withConnection('general', work)
  }
}

export function loopStrategy(strategy) {
  const request = { purpose: 'general' }
  return async (left) => {
    while (left.count-- > 0) {
      const connection = await strategy.acquire(request)
      strategy.release(connection, 'reuse')
    }
  }
}

export function createStubPgPool() {
  const pool = new pg.Pool({ Client: StubClient, max })
  return { pool, caller: loopPgPool(pool) }
}

function createStubStrategy() {
  return new ResilientPoolStrategy({ connection: {}, pool: { max } }, { driver: stubDriver })
}

export function createStubService() {
  return createConnectionService({ databases: { strategy: createStubStrategy() } })
}

/** By name: makers of our own faces, as far as this build has them. */
export const stubFaces = {
  ...(DropInPool && {
    "pgferry/pg's Pool": () => ({ caller: loopPgPool(new DropInPool({ Client: StubClient, max })) }),
  }),
  ResilientPoolStrategy: () => ({ caller: loopStrategy(createStubStrategy()) }),
  'service.connection()': () => ({ caller: loopConnection(createStubService()) }),
  'await using service.connection()': () => ({ caller: loopAwaitUsing(createStubService()) }),
  'service.withConnection()': () => ({ caller: loopWithConnection(createStubService()) }),
}

const factory = {
  create: () => Promise.resolve(new StubClient()),
  destroy: (client) => client.end(),
}

/** By name: makers of pools for anything, holding stub clients. */
export const genericPeers = {
  tarn: () => ({ caller: loopTarn(new TarnPool({ ...factory, min: 0, max })) }),
  'generic-pool': () => ({ caller: loopGeneric(genericPool.createPool(factory, { min: 0, max })) }),
  'lightning-pool': () => ({ caller: loopLightning(createLightningPool(factory, { min: 0, max })) }),
}

function loopTarn(pool) {
  return async (left) => {
    while (left.count-- > 0) {
      const client = await pool.acquire().promise
      pool.release(client)
    }
  }
}

function loopGeneric(pool) {
  return async (left) => {
    while (left.count-- > 0) {
      const client = await pool.acquire()
      // Its promise tells whether the client was the pool's own; who releases does not wait for it.
      void pool.release(client)
    }
  }
}

function loopLightning(pool) {
  return async (left) => {
    while (left.count-- > 0) {
      const client = await pool.acquire()
      pool.release(client)
    }
  }
}
