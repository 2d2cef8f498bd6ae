import type { ClientBase } from 'pg'
import { systemClock, type Clock } from '../core/clock'
import type { Driver } from './driver'
import { MockClient } from './mock-client'
import { MockServer } from './mock-server'
import type { PoolOptions } from './pool-options'
import { SimplePoolStrategy } from './simple-pool'
import type { SimplePoolDeps } from './simple-pool-options'

export interface MockPoolOptions {
  readonly pool?: PoolOptions
  readonly name?: string
}

/** A pool in memory: queue, limits and clean-up are the real ones, the connections lead to a {@link MockServer}. */
export class MockPoolStrategy extends SimplePoolStrategy {
  override readonly kind = 'mock'
  /** Scripts replies and failures, and records statements. */
  readonly server: MockServer

  constructor(options: MockPoolOptions = {}, deps: Partial<Omit<SimplePoolDeps, 'driver'>> = {}) {
    const clock: Clock = deps.clock ?? systemClock
    const server = new MockServer(clock)
    super({ ...options, connection: {} }, { ...deps, clock, driver: createMockDriver(server) })
    this.server = server
  }

  /** @throws Error when a connection is out or somebody waits: the last line of a test that should have given all back */
  assertNoLeases(): void {
    const { leased, waiting } = this.stats()
    if (leased > 0 || waiting > 0) {
      throw new Error(
        `expected no lease and no waiter, found ${String(leased)} leased and ${String(waiting)} waiting`,
      )
    }
  }
}

/** A driver whose connections lead to `server`. */
export function createMockDriver(server: MockServer): Driver {
  let isEnded = false
  return {
    async open() {
      if (isEnded) throw new Error('the mock driver has ended')
      const client = new MockClient(server)
      client.on('error', () => {
        // As with the real driver, an error of a client nobody listens to must not end the process.
      })
      client.connectionId = await server.accept((error) => {
        client.break(error)
      })
      return client
    },
    activity: (client) => requireMock(client).activity,
    transactionState: (client) => requireMock(client).transactionState,
    async close(client) {
      await requireMock(client).end()
    },
    end() {
      isEnded = true
      return Promise.resolve()
    },
  }
}

function requireMock(client: ClientBase): MockClient {
  if (client instanceof MockClient) return client
  throw new TypeError('not a client of a mock pool')
}
