import { Pool, type PoolClient, type QueryConfig } from 'pg'
import type { ConnectionConfig } from '../../support/postgres'

/** What happened, in order: `acquire`, `release`, `query …`, `work …`, `note …`, with `!` where it was made to fail. */
export interface Trace {
  readonly steps: string[]
  /** Connections taken and not given back. */
  held: number
  /** Releases of connections that were not held, or that were given back to another API than the one that lent them. */
  stray: number
}

export interface RecordingLayer {
  /** What a fixture imports from `./database`: the old APIs and the new one over one real pool. */
  readonly module: Readonly<Record<string, unknown>>
  readonly trace: Trace
  /** Steps that could have been made to fail. */
  readonly failureCount: () => number
  /** Gives back what the code under test lost. */
  readonly reclaim: () => void
}

/** Takes and gives back connections; a real pool, or an imitation that answers without a server. */
export interface ConnectionSource {
  take(): Promise<PoolClient>
  giveBack(client: PoolClient): void
  close(): Promise<void>
}

export function poolSource(connection: ConnectionConfig): ConnectionSource {
  const pool = new Pool({ ...connection, max: 4 })
  const taken = new Set<PoolClient>()
  return {
    take: async () => {
      const client = await pool.connect()
      taken.add(client)
      // An injected failure may have cut a transaction short; this run must not see it.
      await client.query('rollback')
      return client
    },
    giveBack: (client) => {
      taken.delete(client)
      client.release()
    },
    close: async () => {
      for (const client of taken) client.release(true)
      await pool.end()
    },
  }
}

/**
 * One layer for one run. The operation number `failing` (from 1, in the order in which they begin) is made to fail; 0 lets all pass.
 * Acquires of every API are the same step, and so are releases: that is what the rewrite promises.
 */
export function recordingLayer(source: ConnectionSource, failing: number, flips = 0): RecordingLayer {
  const trace: Trace = { steps: [], held: 0, stray: 0 }
  let begun = 0
  let flipped = 0
  const step = (what: string): void => {
    begun += 1
    if (begun === failing) {
      trace.steps.push(`${what} !`)
      throw new Error(`injected failure ${String(failing)}: ${what}`)
    }
    trace.steps.push(what)
  }
  const clients = new Map<unknown, PoolClient>()
  const distrusted = new Set<unknown>()
  // Told that the connection is bad, a pool closes it: that is another step than giving it back.
  const release = (handle: unknown, error?: unknown): void => {
    const client = clients.get(handle)
    trace.steps.push(Boolean(error) || distrusted.has(handle) ? 'release discarded' : 'release')
    if (client === undefined) {
      trace.stray += 1
      return
    }
    clients.delete(handle)
    trace.held -= 1
    source.giveBack(client)
  }
  const lentByService = new Set<unknown>()
  const giveBackTo = (isService: boolean, handle: unknown, error?: unknown): void => {
    if (clients.has(handle) && lentByService.has(handle) !== isService) trace.stray += 1
    release(handle, error)
  }
  const acquire = async (): Promise<unknown> => {
    await Promise.resolve()
    step('acquire')
    const client = await source.take()
    trace.held += 1
    const ask = async (statement: string | QueryConfig, values?: unknown[]): Promise<unknown> => {
      if (!clients.has(handle)) throw new Error('used after its release')
      step(`query ${typeof statement === 'string' ? statement : statement.text}`)
      return client.query(statement as string, values)
    }
    const handle = {
      query: (statement: string | QueryConfig, ...rest: readonly unknown[]) => {
        const callback = rest.at(-1)
        if (typeof callback !== 'function') return ask(statement, rest[0] as unknown[] | undefined)
        const values = rest.length > 1 ? (rest[0] as unknown[]) : undefined
        ask(statement, values).then(
          (result) => {
            process.nextTick(callback, null, result)
          },
          (error: unknown) => {
            process.nextTick(callback, error)
          },
        )
        return undefined
      },
      release: (error?: unknown) => {
        release(handle, error)
      },
      discard: () => {
        if (clients.has(handle)) distrusted.add(handle)
      },
      [Symbol.asyncDispose]: async () => {
        if (clients.has(handle)) release(handle)
        await Promise.resolve()
      },
    }
    clients.set(handle, client)
    return handle
  }
  const lend = async (): Promise<unknown> => {
    const handle = await acquire()
    lentByService.add(handle)
    return handle
  }
  const scoped = async (callback: (handle: unknown) => unknown): Promise<unknown> => {
    const handle = await acquire()
    try {
      return await callback(handle)
    } finally {
      // Given back before by whoever got it from the callback.
      if (clients.has(handle)) release(handle)
    }
  }
  const reclaim = (): void => {
    for (const client of clients.values()) source.giveBack(client)
    clients.clear()
  }
  const manager = {
    getconn: acquire,
    putconn: (handle: unknown, _key?: unknown, close?: boolean) => {
      giveBackTo(false, handle, close)
    },
    connection: acquire,
    withConnection: scoped,
  }
  // Takes nothing until it is opened.
  const unopened = (): unknown => {
    let inner: { query(statement: string, values?: unknown[]): unknown } | undefined
    const close = async (): Promise<void> => {
      await Promise.resolve()
      if (inner !== undefined) release(inner)
    }
    return {
      open: async () => {
        inner = (await acquire()) as typeof inner
      },
      query: async (statement: string, values?: unknown[]) => {
        if (inner === undefined) throw new Error('used before it was opened')
        return inner.query(statement, values)
      },
      close,
      release: close,
    }
  }
  const connectEitherWay = (
    callback?: (error: unknown, handle?: unknown, done?: (error?: unknown) => void) => void,
  ): unknown => {
    if (callback === undefined) return acquire()
    // As a driver calls it: from outside of any promise.
    acquire().then(
      (handle) => {
        process.nextTick(callback, undefined, handle, (error?: unknown) => {
          release(handle, error)
        })
      },
      (error: unknown) => {
        process.nextTick(callback, error, undefined, () => undefined)
      },
    )
    return undefined
  }
  const module = {
    pools: manager,
    manager,
    infra: {
      getDbConnection: (callback?: (handle: unknown) => unknown) =>
        callback === undefined ? acquire() : scoped(callback),
      releaseDbConnection: async (handle: unknown) => {
        giveBackTo(false, handle)
      },
    },
    lazy: {
      getDbConnection: unopened,
      releaseDbConnection: async (handle: { close(): Promise<void> }) => handle.close(),
    },
    pool: {
      connect: connectEitherWay,
      query: async (statement: string) => {
        step(`pool.query ${statement}`)
        const client = await source.take()
        try {
          return await client.query(statement)
        } finally {
          source.giveBack(client)
        }
      },
    },
    connections: {
      pgPool: () => ({ connect: connectEitherWay }),
      connection: lend,
      acquireConnection: lend,
      releaseConnection: (handle: unknown, error?: unknown) => {
        giveBackTo(true, handle, error)
      },
      withConnection: (_purpose: string, callback: (handle: unknown) => unknown) => scoped(callback),
      query: (statement: string, values?: unknown[]) =>
        scoped((handle) => (handle as PoolClient).query(statement, values)),
      withTransaction: (_purpose: string, callback: (handle: unknown) => unknown) =>
        scoped(async (handle) => {
          const client = handle as PoolClient
          await client.query('BEGIN')
          let value: unknown
          try {
            value = await callback(handle)
          } catch (error) {
            await client.query('ROLLBACK')
            throw error
          }
          await client.query('COMMIT')
          return value
        }),
    },
    // A condition that the code cannot foresee; the bits of `flips` say how it goes.
    flip: () => ((flips >> (flipped++ % 3)) & 1) === 1,
    note: (what: string) => {
      step(`note ${what}`)
    },
    work: (what: string): Promise<string> => {
      const done = (async () => {
        // Later than any release that runs beside it: the order of what is not awaited is nobody's promise.
        await new Promise(setImmediate)
        step(`work ${what}`)
        return what
      })()
      // Whoever drops it sees no failure; that is no unhandled rejection of the test.
      done.catch(() => undefined)
      return done
    },
  }
  return { module, trace, failureCount: () => begun, reclaim }
}
