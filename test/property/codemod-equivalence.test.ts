import fc from 'fast-check'
import { fixtureConnections, fixturesRoot, migrateText } from '../codemods/support/fixtures'
import type { ConnectionSource, Trace } from '../codemods/support/recording-layer'
import { isRunnable, runCode } from '../codemods/support/run-code'
import { targetStyles } from '../../codemods/src/model/target'
import { printProgram, programs } from './codemod-programs'

/** Answers every statement at once; the layer above records and injects. */
function imitation(): ConnectionSource {
  const client = { query: () => Promise.resolve({ rows: [] }) }
  return {
    take: () => Promise.resolve({ ...client } as never),
    giveBack: () => undefined,
    close: () => Promise.resolve(),
  }
}

const path = `${fixturesRoot}/generated.ts`
const seed = Number(process.env['PGFERRY_SEED'] ?? 20261124)
const runs = Number(process.env['PGFERRY_RUNS'] ?? 150)
const withoutReleases = ({ steps }: Trace): readonly string[] =>
  steps.filter((step) => !step.startsWith('release'))

/** The machine must never prove what is not so: before and after run side by side, each operation failing in turn. */
describe.each([false, true])('generated functions, leaks mended: %s', (fixLeaks) => {
  it.each(targetStyles)(
    'run the same before and after in style %s, whichever operation fails',
    async (style) => {
      let rewritten = 0
      await fc.assert(
        fc.asyncProperty(programs, fc.nat(7), async (list, flips) => {
          const before = printProgram(list)
          fc.pre(isRunnable(before))
          const migrated = migrateText(path, before, style, fixtureConnections, { fixLeaks })
          if (migrated.text === before) return
          rewritten += 1
          const mayMend = migrated.sites.some((site) =>
            site.labels?.some((label) => label === 'closes-leak-window' || label === 'fixes-leak'),
          )
          const { operations } = await runCode(before, imitation(), 0, flips)
          for (let failing = 0; failing <= Math.min(operations, 25); failing += 1) {
            const old = await runCode(before, imitation(), failing, flips)
            const now = await runCode(migrated.text, imitation(), failing, flips)
            const code = `${before}\n---- after\n${migrated.text}`
            if (old.trace.held > now.trace.held && mayMend) {
              // What was lost is given back; nothing else may differ.
              expect({ failing, result: now.result, steps: withoutReleases(now.trace), code }).toEqual({
                failing,
                result: old.result,
                steps: withoutReleases(old.trace),
                code,
              })
              continue
            }
            expect({ failing, ...now, code }).toEqual({ failing, ...old, code })
          }
        }),
        { numRuns: runs, seed },
      )
      expect(rewritten).toBeGreaterThan(runs / 10)
    },
  )

  it('are the same after a second migration', () => {
    fc.assert(
      fc.property(programs, (list) => {
        fc.pre(isRunnable(printProgram(list)))
        const migrate = (text: string): ReturnType<typeof migrateText> =>
          migrateText(path, text, 'await-using', fixtureConnections, { fixLeaks })
        const once = migrate(printProgram(list)).text
        const twice = migrate(once)
        expect(twice.text).toBe(once)
        expect(twice.sites.map((site) => site.verdict)).not.toContain('rewritten')
      }),
      { numRuns: 200, seed },
    )
  })

  it('get one verdict a site, and a reason and a witness wherever they are refused', () => {
    fc.assert(
      fc.property(programs, (list) => {
        const code = printProgram(list)
        const { scanned, sites } = migrateText(path, code, 'await-using', fixtureConnections, { fixLeaks })
        expect(scanned).toHaveLength(code.split(/getconn\(|\.connect\(/).length - 1)
        expect(new Set(scanned.map((site) => site.id)).size).toBe(scanned.length)
        for (const site of sites) {
          if (site.verdict !== 'manual' && site.verdict !== 'leak') continue
          expect(site.reason).toBeDefined()
          expect(site.witness?.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 200, seed },
    )
  })
})
