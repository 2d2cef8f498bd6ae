import type { Connection } from '../../src/core/connection'
import { createFerry, type Ferry, type FerryComponent } from '../../src/ferry/create-ferry'
import { staticFlags } from '../../src/ferry/flags/static-flags'
import type { Side } from '../../src/ferry/catalog/side'
import { createConnectionService } from '../../src/service/create-connection-service'
import { FakeSide, toLegacyBackend, toStrategy, type FakeClient, type Findings } from './fake-side'
import { createRandom, Interleaving } from './interleaving'

const unitCount = 10_000
const unitsPerRound = 250
const concurrency = 10
const maxPerSide = 7
const budget = 9
const names = ['portals', 'scripts'] as const
type Name = (typeof names)[number]

/** Sides seen by one unit of work of one component; `undefined` outside of any. */
type Seen = Partial<Record<Name, Set<Side>>>

class Round {
  readonly findings: Findings = { wrongSide: 0, sharedConnections: 0, overBudget: 0 }
  leaked = 0
  splitUnits = 0
  acceptedMisuse = 0
  unitsAfterKill = 0
  failures = 0
  unitsDone = 0
  maxPhysical = 0
  readonly random: () => number
  readonly schedule: Interleaving
  readonly flags = staticFlags({ portals: 0.5, scripts: 0.5 })
  readonly legacy: FakeSide
  readonly service: FakeSide
  readonly ferry: Ferry
  #unitsAtKill: number | undefined

  constructor(seed: number) {
    this.random = createRandom(seed)
    this.schedule = new Interleaving(this.random, () => {
      this.#disturb()
    })
    this.legacy = this.#createSide('legacy')
    this.service = this.#createSide('service')
    const service = createConnectionService(
      { databases: { strategy: toStrategy(this.service), pool: { max: maxPerSide } } },
      { clock: this.schedule },
    )
    this.ferry = createFerry(
      {
        service,
        legacy: toLegacyBackend(this.legacy, maxPerSide),
        flags: this.flags,
        components: [
          { name: 'portals', stage: 'live', pools: { parity: 'waiting', acquireTimeoutMs: 500 } },
          { name: 'scripts', stage: 'live' },
        ],
        budget: { maxConnections: budget },
      },
      { clock: this.schedule, random: this.random },
    )
  }

  async run(): Promise<void> {
    let begun = 0
    const worker = async () => {
      while (begun < unitsPerRound) {
        begun++
        await this.#unit()
      }
    }
    await this.schedule.run(Promise.all(Array.from({ length: concurrency }, worker)))
    // A side may still be rolling back for the next borrower; nobody else has anything left to do.
    const settle = async () => {
      for (let pause = 0; pause < 20; pause++) await this.schedule.pause()
    }
    await this.schedule.run(settle())
    // Before close(), which would take everything back by force.
    this.leaked = this.leaks()
    await this.schedule.run(this.ferry.close())
  }

  leaks(): number {
    const { components } = this.ferry.status()
    const out = components.reduce((sum, { leases }) => sum + leases.legacy + leases.service, 0)
    return out + this.legacy.lentCount + this.service.lentCount
  }

  #createSide(side: Side): FakeSide {
    const { schedule, random, findings } = this
    return new FakeSide({
      side,
      max: maxPerSide,
      schedule,
      random,
      findings,
      onOpening: () => {
        const physical = this.legacy.physicalCount + this.service.physicalCount
        this.maxPhysical = Math.max(this.maxPhysical, physical)
        if (physical > budget) findings.overBudget++
      },
    })
  }

  /** Runs between any two steps: flags flip, kill switches come and go. */
  #disturb(): void {
    const dice = this.random()
    if (dice < 0.3) this.flags.set(this.#pick(names), this.#pick([0, 0.1, 0.5, 1]))
    else if (dice < 0.31) this.flags.setEnabled(this.#pick([undefined, true, false]))
    else if (dice < 0.315 && this.#unitsAtKill === undefined) {
      this.ferry.forceLegacy('test')
      this.#unitsAtKill = this.#serviceUnits()
    } else if (dice < 0.33 && this.#unitsAtKill !== undefined) {
      if (this.#serviceUnits() !== this.#unitsAtKill) this.unitsAfterKill++
      this.ferry.releaseForce()
      this.#unitsAtKill = undefined
    }
  }

  #serviceUnits(): number {
    return this.ferry.status().components.reduce((sum, { units }) => sum + units.service, 0)
  }

  async #unit(): Promise<void> {
    const name = this.#pick(names)
    const key = this.random() < 0.5 ? `user-${Math.floor(this.random() * 100)}` : undefined
    const retries = this.random() < 0.2 ? 1 : 0
    for (let attempt = 0; attempt <= retries; attempt++) {
      try {
        const seen: Seen = { [name]: new Set<Side>() }
        await this.ferry.unitOfWork(name, () => this.#work(name, seen, 0), key === undefined ? {} : { key })
      } catch {
        // Errors are thrown in on purpose; what counts is what is left behind.
        this.failures++
      }
    }
    this.unitsDone++
  }

  async #work(name: Name, seen: Seen, depth: number): Promise<void> {
    const steps = 1 + Math.floor(this.random() * 2)
    for (let step = 0; step < steps; step++) {
      await this.schedule.pause()
      if (this.random() < 0.04) throw new Error('the application failed')
      if (depth > 0 && this.random() < 0.15) {
        // A nested unit: of the same component it joins, of the other it is one of its own.
        const other = this.#pick(names)
        const inner = { ...seen, [other]: seen[other] ?? new Set<Side>() }
        await this.ferry.unitOfWork(other, () => this.#acquire(other, inner, depth + 1))
      } else await this.#acquire(name, seen, depth)
    }
    if (depth === 0 && this.random() < 0.2) {
      await Promise.allSettled([this.#acquire(name, seen, 2), this.#acquire(name, seen, 2)])
    }
  }

  /** One acquire through one of all the APIs. */
  async #acquire(name: Name, seen: Seen, depth: number): Promise<void> {
    const component = this.ferry.component(name)
    const use = (connection: unknown) => this.#use(name, connection as Connection, seen, depth)
    const ways: readonly (() => Promise<unknown>)[] = [
      () =>
        this.#raw(
          () => component.infra.getDbConnection(),
          (c, e) => component.infra.releaseDbConnection(c, e),
          use,
        ),
      () => component.infra.getDbConnection(use),
      async () => {
        await using connection = await component.infra.getDbConnection()
        await use(connection)
      },
      () => this.#keyed(component, use),
      () => component.pools.withConnection(use),
      async () => {
        await using connection = await component.pools.connection()
        await use(connection)
      },
      () =>
        this.#raw(
          () => component.delegatePool.getconn(),
          (c) => component.delegatePool.putconn(c),
          use,
        ),
      () =>
        this.#raw(
          () => component.pgPool.connect() as Promise<Connection>,
          (c, e) => {
            c.release(e as Error)
          },
          use,
        ),
      () => component.pgPool.query('SELECT 1'),
      async () => {
        await using connection = await component.connections.connection('general', this.#limits())
        await use(connection)
      },
      () => component.connections.withConnection('general', use, this.#limits()),
      () => component.connections.withTransaction('general', use, this.#limits()),
      () =>
        this.#raw(
          () => component.connections.acquireConnection('general', this.#limits()),
          (c, e) => {
            component.connections.releaseConnection(c, e)
          },
          use,
        ),
      () => component.connections.query('SELECT 1'),
    ]
    await this.#pick(ways)()
  }

  /** Deadlines and cancellations at random moments. */
  #limits(): { timeoutMs?: number; signal?: AbortSignal } {
    const dice = this.random()
    if (dice < 0.3) return { timeoutMs: 1 + Math.floor(this.random() * 50) }
    if (dice > 0.6) return {}
    const controller = new AbortController()
    const abort = async () => {
      const pauses = Math.floor(this.random() * 6)
      for (let pause = 0; pause < pauses; pause++) await this.schedule.pause()
      controller.abort()
    }
    void abort()
    return { signal: controller.signal }
  }

  async #raw(
    acquire: () => Promise<Connection>,
    release: (connection: Connection, error?: unknown) => unknown,
    use: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    const connection = await acquire()
    try {
      await use(connection)
    } finally {
      if (this.random() < 0.1) connection.discard()
      await release(connection, this.random() < 0.1 ? new Error('broken') : undefined)
      if (this.random() < 0.2) this.#misuse(() => release(connection))
    }
  }

  async #keyed(
    { pools, infra }: FerryComponent,
    use: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    const key = this.random() < 0.5 ? {} : undefined
    const connection = await pools.getconn(key)
    try {
      await use(connection)
    } finally {
      if (this.random() < 0.2)
        this.#misuse(() => {
          pools.putconn(connection, 'another key')
        })
      // Mixed code bases take with one API and give back with the other.
      if (this.random() < 0.2) await infra.releaseDbConnection(connection)
      else pools.putconn(connection, key, this.random() < 0.1)
      if (this.random() < 0.2)
        this.#misuse(() => {
          pools.putconn(connection, key)
        })
    }
  }

  /** Must throw, at once, and change nothing. */
  #misuse(act: () => unknown): void {
    const before = this.leaks()
    try {
      act()
      this.acceptedMisuse++
    } catch {
      if (this.leaks() !== before) this.acceptedMisuse++
    }
  }

  async #use(name: Name, connection: Connection, seen: Seen, depth: number): Promise<void> {
    const { side } = connection as unknown as FakeClient
    const sides = seen[name] ?? new Set<Side>()
    sides.add(side)
    if (sides.size > 1) this.splitUnits++
    if (this.random() < 0.1) await connection.query('BEGIN')
    await connection.query('SELECT 1')
    if (depth < 2 && this.random() < 0.3) await this.#work(name, { ...seen, [name]: sides }, depth + 1)
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T
  }
}

const seed = Number(process.env['PGFERRY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test('10,000 units under flips, kills, errors and cancellations leak nothing, split nothing, stay in the budget', async () => {
  process.stdout.write(`ferry-routing: PGFERRY_SEED=${seed}\n`)
  const total = { units: 0, failures: 0, maxPhysical: 0, legacyUnits: 0, serviceUnits: 0 }
  for (let round = 0; round < unitCount / unitsPerRound; round++) {
    const run = new Round(seed + round)
    await run.run()
    const { findings, splitUnits, acceptedMisuse, unitsAfterKill } = run
    expect({
      seed: seed + round,
      leaks: run.leaked,
      splitUnits,
      acceptedMisuse,
      unitsAfterKill,
      ...findings,
    }).toEqual({
      seed: seed + round,
      leaks: 0,
      splitUnits: 0,
      acceptedMisuse: 0,
      unitsAfterKill: 0,
      wrongSide: 0,
      sharedConnections: 0,
      overBudget: 0,
    })
    total.units += run.unitsDone
    total.failures += run.failures
    total.maxPhysical = Math.max(total.maxPhysical, run.maxPhysical)
    for (const { units } of run.ferry.status().components) {
      total.legacyUnits += units.legacy
      total.serviceUnits += units.service
    }
  }
  process.stdout.write(`ferry-routing: ${JSON.stringify(total)}\n`)
  expect(total.units).toBe(unitCount)
  // The run must have tried what it is about: both sides, failures, a budget under pressure.
  expect(total.maxPhysical).toBe(budget)
  expect(total.failures).toBeGreaterThan(unitCount / 20)
  expect(Math.min(total.legacyUnits, total.serviceUnits)).toBeGreaterThan(unitCount / 10)
}, 120_000)
