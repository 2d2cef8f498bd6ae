import fc from 'fast-check'
import type { ConnectionEvent } from '../../src/core/events'
import { MockPoolStrategy } from '../../src/pool/mock-pool'
import type { PooledConnection } from '../../src/pool/pool-strategy'
import { FakeClock, settle } from '../support/fake-clock'

type Step =
  | { readonly kind: 'acquire'; readonly readOnly: boolean; readonly cancelAfterMs: number | undefined }
  | { readonly kind: 'release'; readonly which: number; readonly outcome: 'reuse' | 'discard' }
  | { readonly kind: 'release-twice'; readonly which: number }
  | { readonly kind: 'query'; readonly which: number; readonly sql: string }
  | { readonly kind: 'kill'; readonly connectionId: number }
  | { readonly kind: 'fail-connect' }
  | { readonly kind: 'drain' }
  | { readonly kind: 'trim' }
  | { readonly kind: 'resize'; readonly max: number }
  | { readonly kind: 'advance'; readonly ms: number }

const which = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('acquire' as const),
      readOnly: fc.boolean(),
      cancelAfterMs: fc.option(fc.nat(30), { nil: undefined }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      which,
      outcome: fc.constantFrom('reuse' as const, 'reuse' as const, 'discard' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release-twice' as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('query' as const),
      which,
      sql: fc.constantFrom('BEGIN', 'SELECT slow', 'SELECT wrong', 'COMMIT', 'SELECT hung'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      connectionId: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail-connect' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('resize' as const), max: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 200 }) }),
  },
)

/** Runs steps against a pool and checks after each what must always hold. */
class Run {
  readonly clock = new FakeClock()
  readonly events: ConnectionEvent[] = []
  readonly pool: MockPoolStrategy
  /** Live leases, with the connection's number. */
  readonly leases: PooledConnection[] = []
  readonly settled: string[] = []
  readonly servedOrder: number[] = []
  readonly background: Promise<unknown>[] = []
  asked = 0
  highestMax = 3

  constructor() {
    const options = {
      max: 3,
      acquireTimeoutMs: 100,
      connectTimeoutMs: 50,
      resetTimeoutMs: 40,
      maxWaiting: 5,
      maxUses: 6,
      idleTimeoutMs: 300,
      maxLifetimeMs: 900,
    }
    this.pool = new MockPoolStrategy(
      { pool: options },
      { clock: this.clock, random: () => 0.5, onEvent: (event) => this.events.push(event) },
    )
    this.pool.server.connectDelayMs = 5
    this.pool.server
      .reply('default_transaction_read_only', [], { delayMs: 3 })
      .reply('slow', [], { delayMs: 15 })
      .reply('wrong', new Error('no such thing'))
      .reply('hung', [], { delayMs: 5_000 })
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'acquire':
        this.#acquire(step.readOnly, step.cancelAfterMs)
        break
      case 'release':
        this.#pick(step.which, (lease) => {
          this.leases.splice(this.leases.indexOf(lease), 1)
          this.pool.release(lease, step.outcome)
        })
        break
      case 'release-twice':
        this.#pick(step.which, (lease) => {
          this.leases.splice(this.leases.indexOf(lease), 1)
          this.pool.release(lease, 'reuse')
          expect(() => {
            this.pool.release(lease, 'discard')
          }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }))
        })
        break
      case 'query':
        this.#pick(step.which, ({ client }) => void client.query(step.sql).catch(() => undefined))
        break
      case 'kill':
        this.pool.server.kill(step.connectionId)
        break
      case 'fail-connect':
        this.pool.server.failConnect(new Error('connection refused'))
        break
      case 'drain':
        this.background.push(this.pool.drain('because'))
        break
      case 'trim':
        this.background.push(this.pool.trimIdle(1))
        break
      case 'resize':
        this.highestMax = Math.max(this.highestMax, step.max)
        this.pool.resize({ max: step.max })
        break
      case 'advance':
        await this.clock.advance(step.ms)
    }
    this.check()
    await settle()
    this.check()
  }

  check(): void {
    const { total, idle, leased, opening, resetting, closing, waiting } = this.pool.stats()
    expect(total).toBe(idle + leased + opening + resetting + closing)
    // Clients in clean-up and on their way out are open too; one being opened may be.
    expect(this.pool.server.openCount).toBeLessThanOrEqual(total)
    expect(total).toBeLessThanOrEqual(this.highestMax)
    expect(this.pool.server.openCount).toBeLessThanOrEqual(this.highestMax)
    expect(new Set(this.leases.map(({ client }) => client)).size).toBe(this.leases.length)
    if (waiting > 0) expect(idle).toBe(0)
  }

  async finish(): Promise<void> {
    const closed = this.pool.close()
    for (const lease of this.leases.splice(0)) this.pool.release(lease, 'reuse')
    // Nothing may need longer than a connect or a clean-up; a query that hangs is cut off with its connection.
    await this.clock.advance(200)
    for (const lease of this.leases.splice(0)) this.pool.release(lease, 'reuse')
    await closed
    await Promise.all(this.background)
    expect(this.settled).toHaveLength(this.asked)
    expect(this.pool.stats()).toMatchObject({ total: 0, waiting: 0 })
    expect(this.pool.server.openCount).toBe(0)
    expect(this.servedOrder).toEqual([...this.servedOrder].sort((a, b) => a - b))
    const opened = this.events.filter(({ kind }) => kind === 'connection-opened').length
    expect(this.events.filter(({ kind }) => kind === 'connection-closed')).toHaveLength(opened)
    // What is left are answers of the imaginary server to connections that are closed.
    await this.clock.advance(5_000)
    expect(this.clock.timerCount).toBe(0)
  }

  #acquire(readOnly: boolean, cancelAfterMs: number | undefined): void {
    const turn = this.asked++
    const controller = new AbortController()
    if (cancelAfterMs !== undefined)
      this.clock.setTimer(() => {
        controller.abort()
      }, cancelAfterMs)
    const outcome = this.pool.acquire({ purpose: 'any', readOnly, signal: controller.signal }).then(
      (lease) => {
        this.settled.push('leased')
        this.leases.push(lease)
        // Sessions that are made read-only first may be overtaken; the others are served in order.
        if (!readOnly) this.servedOrder.push(turn)
        // The baseline: no transaction, and nothing of a predecessor is running.
        expect(lease.client.getTransactionStatus()).toBe('I')
        expect((lease.client as unknown as { activity: string }).activity).toBe('ready')
      },
      (error: unknown) => {
        const { code } = error as { code: string }
        expect([
          'ACQUIRE_TIMEOUT',
          'ACQUIRE_ABORTED',
          'POOL_SATURATED',
          'POOL_CLOSED',
          'CONNECT_FAILED',
        ]).toContain(code)
        this.settled.push(code)
      },
    )
    this.background.push(outcome)
  }

  #pick(which: number, use: (lease: PooledConnection) => void): void {
    const lease = this.leases[which % Math.max(1, this.leases.length)]
    if (lease !== undefined) use(lease)
  }
}

test('no interleaving of borrowers, cancellations, failures and administration breaks the pool', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const run = new Run()
      for (const step of steps) await run.take(step)
      await run.finish()
    }),
    { numRuns: 300 },
  )
})
