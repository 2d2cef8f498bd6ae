import type { Side } from '../../src/ferry/catalog/side'
import type { LegacyBackend } from '../../src/ferry/backend/legacy-backend'
import type { AcquireRequest, PooledConnection, PoolStats, PoolStrategy } from '../../src/pool/pool-strategy'
import type { Interleaving } from './interleaving'

/** What a run found wrong; every count must stay 0. */
export interface Findings {
  wrongSide: number
  sharedConnections: number
  overBudget: number
}

/** A connection without a server. Its transaction is what the statements say. */
export interface FakeClient {
  readonly side: Side
  isLent: boolean
  isOpen: boolean
  query(statement: string): Promise<{ command: string; rows: never[] }>
  getTransactionStatus(): 'I' | 'T'
}

export interface FakeSideOptions {
  readonly side: Side
  readonly max: number
  readonly schedule: Interleaving
  readonly random: () => number
  readonly findings: Findings
  /** Called whenever a connection begins to be opened. */
  onOpening(): void
}

interface Waiter {
  readonly grant: (client: FakeClient) => void
  readonly fail: (error: Error) => void
}

/** An asynchronous pool: opening and closing take time, at every await point anything may happen. */
export class FakeSide {
  readonly #options: FakeSideOptions
  readonly #clients = new Set<FakeClient>()
  readonly #idle: FakeClient[] = []
  readonly #queue: Waiter[] = []
  #openingCount = 0
  #closingCount = 0
  openedCount = 0

  constructor(options: FakeSideOptions) {
    this.#options = options
  }

  /** Physical connections: opening, open and closing. */
  get physicalCount(): number {
    return this.#clients.size + this.#openingCount
  }

  get lentCount(): number {
    return [...this.#clients].filter((client) => client.isLent).length
  }

  stats(): PoolStats {
    const idle = Math.max(0, this.#idle.length - this.#queue.length)
    const total = this.physicalCount
    const leased = this.lentCount
    const opening = this.#openingCount
    const closing = this.#closingCount
    const resetting = total - idle - leased - opening - closing
    return { total, idle, leased, opening, resetting, closing, waiting: 0, max: this.#options.max }
  }

  acquire({ timeoutMs = 1_000, signal }: { timeoutMs?: number; signal?: AbortSignal }): Promise<FakeClient> {
    const { schedule } = this.#options
    if (signal?.aborted === true) return Promise.reject(new Error('aborted'))
    return new Promise((resolve, reject) => {
      const stop = () => {
        schedule.clearTimer(timer)
        signal?.removeEventListener('abort', onAbort)
        const place = this.#queue.indexOf(waiter)
        if (place >= 0) this.#queue.splice(place, 1)
      }
      const waiter: Waiter = {
        grant: (client) => {
          stop()
          if (client.isLent) this.#options.findings.sharedConnections++
          client.isLent = true
          resolve(client)
        },
        fail: (error) => {
          stop()
          reject(error)
        },
      }
      const onAbort = () => {
        waiter.fail(new Error('aborted'))
      }
      const timer = schedule.setTimer(() => {
        waiter.fail(new Error('timed out'))
      }, timeoutMs)
      signal?.addEventListener('abort', onAbort)
      this.#queue.push(waiter)
      this.#serve()
    })
  }

  release(client: FakeClient, isDiscarded: boolean): void {
    if (!this.#clients.has(client) || !client.isLent) {
      this.#options.findings.wrongSide++
      return
    }
    client.isLent = false
    if (isDiscarded || !client.isOpen) void this.#close(client)
    else this.#idle.push(client)
    this.#serve()
  }

  async trimIdle(count: number): Promise<number> {
    const closing = this.#idle.splice(0, count)
    await Promise.all(closing.map((client) => this.#close(client)))
    return closing.length
  }

  #serve(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const client = this.#idle.pop()
      if (client !== undefined) this.#queue.shift()?.grant(client)
    }
    while (this.#queue.length > this.#openingCount && this.physicalCount < this.#options.max)
      void this.#open()
  }

  async #open(): Promise<void> {
    const { schedule, random, side, onOpening } = this.#options
    this.#openingCount++
    this.openedCount++
    onOpening()
    await schedule.pause()
    this.#openingCount--
    if (random() < 0.03) {
      this.#queue.shift()?.fail(new Error('connection refused'))
    } else {
      const client = createFakeClient(side, schedule, random)
      this.#clients.add(client)
      this.#idle.push(client)
    }
    this.#serve()
  }

  async #close(client: FakeClient): Promise<void> {
    this.#closingCount++
    await this.#options.schedule.pause()
    this.#closingCount--
    client.isOpen = false
    this.#clients.delete(client)
    this.#serve()
  }
}

function createFakeClient(side: Side, schedule: Interleaving, random: () => number): FakeClient {
  let status: 'I' | 'T' = 'I'
  return {
    side,
    isLent: false,
    isOpen: true,
    async query(statement) {
      await schedule.pause()
      if (statement !== 'ROLLBACK' && random() < 0.04) throw new Error('division by zero')
      if (statement.startsWith('BEGIN')) status = 'T'
      if (statement === 'COMMIT' || statement === 'ROLLBACK') status = 'I'
      return { command: statement.split(' ')[0] ?? '', rows: [] }
    },
    getTransactionStatus: () => status,
  }
}

export function toLegacyBackend(side: FakeSide, max: number): LegacyBackend {
  return {
    kind: 'fake',
    maxConnections: max,
    async acquire(request) {
      const client = await side.acquire(request)
      return {
        client,
        release: (error) => {
          side.release(client, Boolean(error))
        },
      }
    },
    connectionCount: () => side.physicalCount,
    idleCount: () => side.stats().idle,
    openingCount: () => side.stats().opening,
    trimIdle: (count) => side.trimIdle(count),
  }
}

export function toStrategy(side: FakeSide): PoolStrategy {
  return {
    kind: 'fake',
    async acquire(request: AcquireRequest) {
      return { client: (await side.acquire(request)) as never, id: 0 }
    },
    release({ client }: PooledConnection, outcome) {
      const fake = client as unknown as FakeClient
      // As a real strategy: an open transaction does not reach the next borrower.
      if (fake.getTransactionStatus() === 'I' || outcome === 'discard')
        side.release(fake, outcome === 'discard')
      else
        void fake.query('ROLLBACK').then(() => {
          side.release(fake, false)
        })
    },
    stats: () => side.stats(),
    resize: () => undefined,
    drain: () => Promise.resolve(),
    trimIdle: (count) => side.trimIdle(count),
    close: () => Promise.resolve(),
  }
}
