import type { ClientBase, ClientConfig } from 'pg'
import type { CloseReason, ConnectionEvent } from '../../../../src/core/events'
import type { ConnectionSource } from '../../../../src/pool/connection-target'
import type { Driver, OpenOptions } from '../../../../src/pool/driver'
import { createMockDriver } from '../../../../src/pool/mock-pool'
import { MockServer } from '../../../../src/pool/mock-server'
import type { PoolOptions } from '../../../../src/pool/pool-options'
import type { PooledConnection } from '../../../../src/pool/pool-strategy'
import type { ConnectHook } from '../../../../src/pool/resilient/opener'
import { ResilientPoolStrategy } from '../../../../src/pool/resilient/resilient-pool'
import { FakeClock } from '../../../support/fake-clock'

export const request = { purpose: 'test' } as const

export interface StageOptions {
  readonly pool?: PoolOptions
  readonly connection?: ConnectionSource
  /** Names of hosts; each has a server of its own. */
  readonly hosts?: readonly string[]
  readonly onConnect?: ConnectHook
  readonly random?: () => number
  /** Whether the driver can ask a server to cancel. */
  readonly canCancel?: boolean
}

/** What a server in memory does not play by itself: refusing for as long as it is told to, and saying which role it has. */
export class StageHost {
  readonly server: MockServer
  /** While it is set, every attempt to connect fails with it. */
  refusal: Error | undefined
  /** While it is set, an attempt to connect is never answered. */
  isSilent = false
  /** When each attempt was made, by the clock. */
  readonly attempts: number[] = []

  constructor(readonly clock: FakeClock) {
    this.server = new MockServer(clock)
  }

  hasRole(role: 'primary' | 'standby', lagMs: number | null = 0): this {
    this.server.reply('pg_is_in_recovery', [{ is_in_recovery: role === 'standby', lag_ms: lagMs }])
    return this
  }
}

/** A resilient pool on servers in memory, and what is to be seen of it. */
export class PoolStage {
  readonly clock = new FakeClock()
  readonly events: ConnectionEvent[] = []
  readonly cancelled: ClientBase[] = []
  readonly pool: ResilientPoolStrategy
  readonly #hosts = new Map<string, StageHost>()
  readonly #hostOf = new Map<ClientBase, string>()
  readonly #configs: ClientConfig[] = []

  constructor(options: StageOptions = {}, prepare: (stage: PoolStage) => void = () => undefined) {
    const { pool = {}, connection = {}, hosts, onConnect, random = () => 0.5, canCancel = false } = options
    for (const name of hosts ?? ['main']) this.#hosts.set(name, new StageHost(this.clock))
    prepare(this)
    this.pool = new ResilientPoolStrategy(
      { connection, pool, name: 'main', ...(hosts && { hosts: hosts.map((host) => ({ host })) }) },
      {
        clock: this.clock,
        random,
        onEvent: (event) => this.events.push(event),
        driver: this.#createDriver(canCancel),
        ...(onConnect && { onConnect }),
      },
    )
  }

  /** The configs that connections were opened with. */
  get configs(): readonly ClientConfig[] {
    return this.#configs
  }

  host(name = 'main'): StageHost {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`no host ${name}`)
    return host
  }

  get server(): MockServer {
    return this.host().server
  }

  /** The host that a lease leads to. */
  hostOf({ client }: PooledConnection): string | undefined {
    return this.#hostOf.get(client)
  }

  /** The texts that a host was sent. */
  texts(name = 'main'): readonly string[] {
    return this.host(name).server.statements.map(({ text }) => text)
  }

  get closeReasons(): readonly CloseReason[] {
    return this.events.flatMap((event) => (event.kind === 'connection-closed' ? [event.reason] : []))
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind)
  }

  /** As many idle connections as asked for. */
  async fill(count: number): Promise<void> {
    const leases = await Promise.all(Array.from({ length: count }, () => this.pool.acquire(request)))
    for (const lease of leases) this.pool.release(lease, 'reuse')
  }

  #createDriver(canCancel: boolean): Driver {
    const drivers = new Map([...this.#hosts.values()].map((host) => [host, createMockDriver(host.server)]))
    const [first] = this.#hosts.values()
    const base = createMockDriver(first!.server)
    return {
      ...base,
      open: async (config, options) => {
        this.#configs.push(config)
        const name = this.#hosts.has(config.host ?? '') ? config.host! : 'main'
        const host = this.host(name)
        host.attempts.push(this.clock.now())
        if (host.isSilent) return await untilAborted(options)
        const client = await drivers.get(host)!.open(config)
        // Asked at the end of the attempt: the delay of the server is over.
        if (host.refusal !== undefined) {
          await base.close(client)
          throw host.refusal
        }
        this.#hostOf.set(client, name)
        return client
      },
      ...(canCancel && {
        cancel: (client: ClientBase) => {
          this.cancelled.push(client)
          return Promise.resolve()
        },
      }),
    }
  }
}

function untilAborted(options: OpenOptions | undefined): Promise<never> {
  return new Promise((_, reject) => {
    options?.signal?.addEventListener('abort', () => {
      reject(new Error('the attempt was ended'))
    })
  })
}

/** What the client of a lease has of the protocol. */
export function protocolOf({ client }: PooledConnection): NodeJS.EventEmitter {
  return (client as unknown as { connection: NodeJS.EventEmitter }).connection
}

/** What became of a promise, without waiting for it. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const outcome: { value?: T; error?: unknown } = {}
  promise.then(
    (value) => (outcome.value = value),
    (error: unknown) => (outcome.error = error),
  )
  return outcome
}

export function errorWithCode(code: string, message: string = code): Error {
  return Object.assign(new Error(message), { code })
}

export const refused = errorWithCode('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432')
