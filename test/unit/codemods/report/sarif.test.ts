import type { Site } from '../../../../codemods/src/model/site'
import { renderSarif } from '../../../../codemods/src/report/render-sarif'

const base: Site = {
  id: 'f00',
  file: 'src/a b.ts',
  line: 2,
  column: 3,
  dialect: 'node-postgres',
  api: 'connect/release',
  shape: 'gap',
  verdict: 'rewritable',
}

describe('SARIF', () => {
  const log = renderSarif(
    {
      packages: [
        {
          name: 'p',
          path: 'p',
          files: 1,
          sites: [
            base,
            {
              ...base,
              id: 'f01',
              verdict: 'leak',
              reason: 'leaks-on-throw',
              advice: 'Put it in a finally block.',
              witness: [
                { line: 2, column: 3, note: 'taken here' },
                { line: 9, column: 1, note: 'lost here', file: 'src/c.ts' },
              ],
            },
            { ...base, id: 'f02', verdict: 'manual', reason: 'leaks-on-throw' },
            { ...base, id: 'f03', verdict: 'already' },
            { ...base, id: 'f04', verdict: 'rewritten' },
          ],
          hiddenDependencies: [
            { kind: 'listen', file: 'src/l.ts', line: 1, column: 1, summary: 'LISTEN jobs', witness: [] },
          ],
        },
      ],
    },
    '1.2.3',
  )
  const [run] = log.runs

  it('is version 2.1.0 of one tool whose rules the results name by index', () => {
    expect(log.version).toBe('2.1.0')
    expect(run?.tool.driver).toMatchObject({ name: 'pgferry', version: '1.2.3' })
    for (const result of run?.results ?? [])
      expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId)
  })

  it('has leaks as errors, manual sites as warnings, the rest as notes, and no finished site', () => {
    expect(run?.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['rewritable', 'note'],
      ['leaks-on-throw', 'error'],
      ['leaks-on-throw', 'warning'],
      ['hidden/listen', 'note'],
    ])
  })

  it('keeps a site the same finding when its line moves, and shows the path', () => {
    const leak = run?.results[1]
    expect(leak?.partialFingerprints).toEqual({ 'pgferrySite/v1': 'f01' })
    expect(leak?.message.text).toBe('connect/release (node-postgres, gap): Put it in a finally block.')
    const steps = leak?.codeFlows?.[0]?.threadFlows[0].locations.map(({ location }) => [
      location.physicalLocation.artifactLocation.uri,
      location.physicalLocation.region.startLine,
      location.message?.text,
    ])
    expect(steps).toEqual([
      ['src/a%20b.ts', 2, 'taken here'],
      ['src/c.ts', 9, 'lost here'],
    ])
  })
})
