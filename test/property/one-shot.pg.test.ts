import { createRandom } from './interleaving'
import { oneShotFixture } from '../support/one-shot'
import { testDatabase, type TestDatabase } from '../support/postgres'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await database.query('CREATE TABLE written (id int, body text)')
})
afterAll(() => database.close())

/** After these a statement certainly had no effect. */
const notExecuted = ['ACQUIRE_ABORTED', 'ACQUIRE_TIMEOUT', 'CONNECT_FAILED', '22012']
/** After these nobody knows. */
const unknown = ['OUTCOME_UNKNOWN', 'QUERY_ABORTED', 'QUERY_TIMEOUT']

/** Sends statements of all kinds at once, ends some of them in every way, and remembers what became of each. */
class Run {
  readonly acknowledged = new Set<number>()
  readonly refused = new Set<number>()
  readonly open = new Set<number>()
  /** Who got the answer of another. */
  readonly mixedUp: number[] = []
  readonly surprises: unknown[] = []
  settled = 0
  #nextId = 0

  constructor(
    private readonly fixture: ReturnType<typeof oneShotFixture>,
    private readonly random: () => number,
  ) {}

  async go(statements: number, callers: number): Promise<void> {
    let left = statements
    const caller = async (): Promise<void> => {
      while (left-- > 0) {
        await this.#one()
        this.settled++
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
  }

  async #one(): Promise<void> {
    const id = this.#nextId++
    const dice = this.random()
    if (dice < 0.02) return this.#kill()
    if (dice < 0.3) return this.#echo(id)
    // A few are slow, a few fail, some are writes that take their time.
    const [text, values] =
      dice < 0.35
        ? (['INSERT INTO written SELECT $1, (1 / ($1::int - $1::int))::text', [id]] as const)
        : dice < 0.45
          ? (['INSERT INTO written SELECT $1, pg_sleep($2)::text', [id, this.random() * 0.03]] as const)
          : (['INSERT INTO written VALUES ($1, $2)', [id, `body ${id}`]] as const)
    await this.#write(id, text, [...values])
  }

  async #write(id: number, text: string, values: unknown[]): Promise<void> {
    try {
      const { rowCount } = await this.fixture.shots.query(text, values, this.#patience())
      expect(rowCount).toBe(1)
      this.acknowledged.add(id)
    } catch (error) {
      const { code = '' } = error as { code?: string }
      if (notExecuted.includes(code)) this.refused.add(id)
      else if (unknown.includes(code)) this.open.add(id)
      else this.surprises.push((error as Error).stack)
    }
  }

  async #echo(id: number): Promise<void> {
    try {
      const { rows } = await this.fixture.shots.query(
        'SELECT $1::int AS id, $2::text AS body',
        [id, `mine ${id}`],
        this.#patience(),
      )
      if (rows.length !== 1 || rows[0]?.['id'] !== id || rows[0]['body'] !== `mine ${id}`)
        this.mixedUp.push(id)
    } catch (error) {
      // A read may fail with whatever the driver says when its connection is killed, but never by the cancel of another.
      if ((error as { code?: string }).code === '57014') this.surprises.push(error)
    }
  }

  #patience(): { signal?: AbortSignal; timeoutMs?: number } {
    const dice = this.random()
    if (dice < 0.08) {
      const controller = new AbortController()
      setTimeout(() => {
        controller.abort()
      }, this.random() * 5)
      return { signal: controller.signal }
    }
    return dice < 0.16 ? { timeoutMs: 1 + this.random() * 8 } : {}
  }

  async #kill(): Promise<void> {
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'shots' ORDER BY random() LIMIT 1`,
    )
  }
}

test.each([1, 2, 3, 4])(
  'whatever is aborted, late, refused or killed, each statement has one outcome and it is true (seed %d)',
  async (seed) => {
    await database.query('TRUNCATE written')
    const fixture = oneShotFixture(
      { ...database.connection, application_name: 'shots' },
      { idleMs: 5, turnMs: 5 },
      { max: 5 },
    )
    const run = new Run(fixture, createRandom(seed))
    await run.go(1_500, 30)
    await fixture[Symbol.asyncDispose]()
    expect(run.settled).toBe(1_500)
    expect(run.surprises).toEqual([])
    expect(run.mixedUp).toEqual([])
    // A cancelled statement may still be on its way out when the last caller has gone.
    await database.query(
      'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
      ['shots'],
    )
    const rows = await database.query('SELECT id, count(*)::int AS times FROM written GROUP BY id')
    const written = new Map(rows.map(({ id, times }) => [id as number, times as number]))
    expect([...written.values()].filter((times) => times !== 1)).toEqual([])
    expect([...run.acknowledged].filter((id) => !written.has(id))).toEqual([])
    expect([...written.keys()].filter((id) => !run.acknowledged.has(id) && !run.open.has(id))).toEqual([])
    expect(run.acknowledged.size).toBeGreaterThan(500)
    expect(run.open.size).toBeGreaterThan(0)
    expect(run.refused.size).toBeGreaterThan(0)
  },
)
