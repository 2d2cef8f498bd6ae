import { Pool, type PoolConfig } from 'pg'
import { systemClock } from '../../../src/core/clock'
import type { ConnectionEvent } from '../../../src/core/events'
import { fromPgPool } from '../../../src/ferry/backend/from-pg-pool'
import { createFerry } from '../../../src/ferry/create-ferry'
import type { FerryDeps, FerryOptions } from '../../../src/ferry/ferry-options'
import { staticFlags } from '../../../src/ferry/flags/static-flags'
import { MockClient } from '../../../src/pool/mock-client'
import { MockPoolStrategy } from '../../../src/pool/mock-pool'
import { MockServer } from '../../../src/pool/mock-server'
import { createConnectionService } from '../../../src/service/create-connection-service'

type ConnectCallback = (error?: Error) => void

/** A real `pg.Pool` whose clients lead to a mock server. */
export function mockPgPool(server: MockServer, config: PoolConfig = {}): Pool {
  class PoolMockClient extends MockClient {
    constructor() {
      super(server)
      const end = this.end.bind(this) as (...args: unknown[]) => unknown
      Object.assign(this, {
        connect: (callback: ConnectCallback) => {
          this.#connect(callback)
        },
        // What `pg.Pool` looks at when a client comes back.
        end: (...args: unknown[]) => {
          Object.assign(this, { _ending: true })
          return end(...args)
        },
      })
    }

    // `pg.Pool` connects with a callback.
    #connect(callback: ConnectCallback): void {
      const connected = server.accept((error) => {
        this.break(error)
      })
      connected.then((id) => {
        this.connectionId = id
        callback()
      }, callback)
    }
  }
  const pool = new Pool({ max: 4, ...config, Client: PoolMockClient })
  pool.on('error', () => undefined)
  return pool
}

export interface StageOptions {
  readonly share?: number
  readonly ferry?: Partial<FerryOptions>
  readonly max?: number
  readonly deps?: FerryDeps
}

/** A ferry with one component `portals`, a mock service and a `pg.Pool` of mock clients. */
export function createStage({ share = 0, ferry: options = {}, max = 4, deps = {} }: StageOptions = {}) {
  const legacyServer = new MockServer(systemClock)
  const pool = mockPgPool(legacyServer, { max })
  const strategy = new MockPoolStrategy({ pool: { max } })
  const service = createConnectionService({
    databases: { strategy, pool: { max } },
    purposes: { reports: {} },
  })
  const flags = staticFlags({ portals: share })
  const events: ConnectionEvent[] = []
  const ferry = createFerry(
    {
      service,
      legacy: fromPgPool(pool),
      flags,
      components: [{ name: 'portals', stage: 'live' }],
      ...options,
    },
    { events: (event) => events.push(event), ...deps },
  )
  const close = async () => {
    await ferry.close()
    await Promise.all([service.close(), pool.end()])
  }
  return {
    ferry,
    flags,
    pool,
    strategy,
    service,
    legacyServer,
    events,
    portals: ferry.component('portals'),
    close,
  }
}

export const sides = ['legacy', 'service'] as const
export const shareOf = { legacy: 0, service: 1 } as const
