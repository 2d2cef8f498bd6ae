import { testDatabase, type TestDatabase } from '../support/postgres'
import { targetStyles } from '../../codemods/src/model/target'
import { allFixtures, fixtureConnections, migrateText } from './support/fixtures'
import { poolSource, type ConnectionSource } from './support/recording-layer'
import { runCode } from './support/run-code'

const changing = allFixtures().filter((fixture) => !fixture.isSkip)

let database: TestDatabase
let source: ConnectionSource

beforeAll(async () => {
  database = await testDatabase()
  source = poolSource(database.connection)
})

afterAll(async () => {
  await source.close()
  await database.close()
})

/** Every way that its conditions can go, with each of its operations failing in turn. */
async function runsOf(code: string): Promise<readonly { failing: number; flips: number }[]> {
  const ways = code.includes('flip(') ? 8 : 1
  const runs: { failing: number; flips: number }[] = []
  for (let flips = 0; flips < ways; flips += 1) {
    const { operations } = await runCode(code, source, 0, flips)
    expect(operations).toBeGreaterThan(0)
    for (let failing = 0; failing <= operations; failing += 1) runs.push({ failing, flips })
  }
  return runs
}

describe.each(targetStyles)('in style %s', (style) => {
  it.each(changing.map((fixture) => [fixture.name, fixture] as const))(
    '%s does the same before and after, whichever operation fails',
    async (_name, fixture) => {
      const { beforePath, features } = fixture
      const migrated = migrateText(beforePath, fixture.before, style, fixtureConnections, features)
      const closesLeak = migrated.sites.some(
        ({ labels }) => labels?.some((one) => one === 'closes-leak-window' || one === 'fixes-leak') === true,
      )
      for (const { failing, flips } of await runsOf(fixture.before)) {
        const before = await runCode(fixture.before, source, failing, flips)
        const after = await runCode(migrated.text, source, failing, flips)
        expect(after.trace.stray).toBe(0)
        // Without the label the leak must be there as before: acquire and release as two calls keep that window.
        if (before.trace.held > 0 && closesLeak) {
          // The old code lost the connection here; the one thing that may differ is that the new code does not.
          expect(after.trace.held).toBe(0)
          expect(after.trace.steps.filter((step) => step !== 'release')).toEqual(
            before.trace.steps.filter((step) => step !== 'release'),
          )
          expect(after.result).toBe(before.result)
          continue
        }
        expect({ failing, flips, ...after }).toEqual({ failing, flips, ...before })
      }
    },
  )
})

it('notices a release that moved', async () => {
  const fixture = changing.find((one) => one.name.endsWith('code-after-the-try-does-not-run-while-held'))
  const held = fixture?.after
    ?.replace(/\{\n( {4}await using)/, '$1')
    .replace(/\n {2}\}\n( {2}return)/, '\n$1')
  const before = await runCode(fixture?.before ?? '', source, 0)
  const after = await runCode(held ?? '', source, 0)
  expect(after.result).toBe(before.result)
  expect(after.trace).not.toEqual(before.trace)
})
