import { fixtureConnections, fixturesRoot, migrateText } from './support/fixtures'
import type { ConnectionSource } from './support/recording-layer'
import { runCode } from './support/run-code'

/** Answers every statement at once; the layer above records and injects. */
const imitation: ConnectionSource = {
  take: () => Promise.resolve({ query: () => Promise.resolve({ rows: [{ one: 1 }] }) } as never),
  giveBack: () => undefined,
  close: () => Promise.resolve(),
}

const single = `import { note, pool } from './database'

export async function run() {
  const text = 'select 1 as one'
  const client = await pool.connect()
  try {
    const { rows } = await client.query(text)
    note('behind it')
    return rows
  } finally {
    client.release()
  }
}
`

const transaction = `import { note, pool, work } from './database'

export async function run() {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query('select 1 as one')
    await work('between')
    await client.query('select 2')
    await client.query('COMMIT')
    return rows
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}
`

describe.each([
  ['a lease for one statement', single, { oneShot: true }],
  ['a transaction', transaction, { transactions: true }],
] as const)('%s, written shorter', (_name, before, features) => {
  const after = migrateText(`${fixturesRoot}/shorter.ts`, before, 'await-using', fixtureConnections, features)

  it('was written shorter', () => {
    expect(after.sites.flatMap((site) => site.labels ?? [])).toEqual(
      expect.arrayContaining(['oneShot' in features ? 'one-shot' : 'transaction']),
    )
  })

  it('does the same whichever operation fails, and never holds for longer', async () => {
    const { operations } = await runCode(before, imitation, 0)
    for (let failing = 0; failing <= operations; failing += 1) {
      const old = await runCode(before, imitation, failing)
      const now = await runCode(after.text, imitation, failing)
      // A transaction that never began, or whose COMMIT was refused, is over: the service sends no ROLLBACK after it.
      const isOver = old.trace.steps.some((step) => step === 'query BEGIN !' || step === 'query COMMIT !')
      const steps = old.trace.steps.filter((step) => !(isOver && step === 'query ROLLBACK'))
      const withoutRelease = (list: readonly string[]): readonly string[] =>
        list.filter((step) => step !== 'release')
      expect(withoutRelease(now.trace.steps)).toEqual(withoutRelease(steps))
      expect(now.trace.steps.indexOf('release')).toBeLessThanOrEqual(steps.indexOf('release'))
      expect(now.trace).toMatchObject({ held: 0, stray: 0 })
      expect(now.result).toBe(old.result)
    }
  })
})
