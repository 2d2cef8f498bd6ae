import fc from 'fast-check'
import type { Clock } from '../../src/core/clock'
import type { ConnectionEvent, EventListener } from '../../src/core/events'
import { MockServer } from '../../src/pool/mock-server'
import type { PoolOptions } from '../../src/pool/pool-options'
import type { PooledConnection, PoolStrategy } from '../../src/pool/pool-strategy'
import { FakeClock, settle } from '../support/fake-clock'

type Step =
  | { readonly kind: 'acquire'; readonly readOnly: boolean; readonly cancelAfterMs: number | undefined }
  | { readonly kind: 'release'; readonly which: number; readonly outcome: 'reuse' | 'discard' }
  | { readonly kind: 'release-twice'; readonly which: number }
  | { readonly kind: 'query'; readonly which: number; readonly sql: string }
  | { readonly kind: 'kill'; readonly connectionId: number }
  | { readonly kind: 'fail-connect' }
  | { readonly kind: 'drain' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
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
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('suspend' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resume' as const) }) },
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

/** What a fuzzed pool is made with. */
export interface FuzzSurroundings {
  readonly pool: PoolOptions
  readonly server: MockServer
  readonly clock: Clock
  readonly random: () => number
  readonly onEvent: EventListener
}

export type MakeFuzzedPool = (surroundings: FuzzSurroundings) => PoolStrategy

/** Runs steps against a pool and checks after each what must always hold. */
class Run {
  readonly clock = new FakeClock()
  readonly events: ConnectionEvent[] = []
  readonly server: MockServer
  readonly pool: PoolStrategy
  /** Live leases, with the connection's number. */
  readonly leases: PooledConnection[] = []
  readonly settled: string[] = []
  readonly servedOrder: number[] = []
  readonly background: Promise<unknown>[] = []
  asked = 0
  highestMax = 3
  isSuspended = false

  constructor(make: MakeFuzzedPool) {
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
    const { clock } = this
    this.server = new MockServer(clock)
    const onEvent: EventListener = (event) => this.events.push(event)
    this.pool = make({ pool: options, server: this.server, clock, random: () => 0.5, onEvent })
    this.server.connectDelayMs = 5
    this.server
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
        this.server.kill(step.connectionId)
        break
      case 'fail-connect':
        this.server.failConnect(new Error('connection refused'))
        break
      case 'drain':
        this.background.push(this.pool.drain('because'))
        break
      case 'suspend':
        this.isSuspended = this.pool.suspend !== undefined
        this.pool.suspend?.()
        break
      case 'resume':
        this.#resume()
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

  /** After each step; thousands of times, so it does without matchers. */
  check(): void {
    const stats = this.pool.stats()
    const { total, idle, leased, opening, resetting, closing, waiting } = stats
    const { openCount } = this.server
    const must = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(`${what}: ${JSON.stringify({ ...stats, openCount, max: this.highestMax })}`)
    }
    must(total === idle + leased + opening + resetting + closing, 'each connection is in one state')
    // Clients in clean-up and on their way out are open too; one being opened may be.
    must(openCount <= total, 'every open connection is counted')
    must(total <= this.highestMax && openCount <= this.highestMax, 'never more than max')
    must(new Set(this.leases.map(({ client }) => client)).size === this.leases.length, 'nobody shares')
    // One that has been silent is lent only after it has answered; others wait their turn to be asked meanwhile.
    must(waiting === 0 || this.isSuspended || resetting > 0 || idle === 0, 'nobody waits beside an idle one')
  }

  #resume(): void {
    this.isSuspended = false
    this.pool.resume?.()
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
    expect(this.server.openCount).toBe(0)
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
          'CIRCUIT_OPEN',
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

/** Runs random lists of steps, and reports how many steps there were. */
export async function fuzzPool(make: MakeFuzzedPool, numRuns: number): Promise<number> {
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), async (steps) => {
      const run = new Run(make)
      for (const step of steps) await run.take(step)
      await run.finish()
      count += steps.length
    }),
    { numRuns },
  )
  return count
}
