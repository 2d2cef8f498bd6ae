import { renderInventory, renderSummary } from '../../../examples/demo/console/summary'
import { figuresBySide, totalsOf } from '../../../examples/demo/report/figures'
import type { DemoResult, PackageInventory } from '../../../examples/demo/report/model'
import { renderReport } from '../../../examples/demo/report/render-report'
import { ferry, unit, units } from './records'

const found: PackageInventory = {
  name: 'core',
  files: 4,
  verdicts: { rewritable: 9, manual: 2, leak: 1, already: 0 },
  shapes: { gap: 7, scoped: 5 },
}

function result(changes: Partial<DemoResult> = {}): DemoResult {
  return {
    startedAtMs: Date.UTC(2026, 0, 2, 3, 4),
    endedAtMs: Date.UTC(2026, 0, 2, 3, 5),
    versions: { pgferry: '0.1.0', PostgreSQL: '15.18' },
    before: { packages: [found] },
    after: { packages: [{ ...found, verdicts: { rewritable: 0, manual: 2, leak: 1, already: 9 } }] },
    phaseOne: { errorBefore: 'TypeError: <no> getconn', documentsAfter: 5 },
    revertedFiles: 3,
    tests: [{ when: 'before', passed: 7, failed: 0, tookMs: 1500 }],
    crossings: [
      {
        component: 'core',
        rewritten: 9,
        left: 3,
        ramps: [{ share: 0.1, units: 40, serviceUnits: 4 }],
        rollbacks: [{ how: 'flag', lastServiceUnitMs: 12, unitsOnLegacy: 40 }],
        tookMs: 9_000,
      },
    ],
    corpora: [
      {
        name: 'somebody/else@1.0.0',
        source: 'TypeScript in its tarball',
        inventory: { ...found, name: 'somebody/else@1.0.0' },
        reasons: { 'leaks-on-throw': 1 },
        filesChanged: 1,
        diffLines: ['--- a/x.ts', '+++ b/x.ts', '-const a = <T>() => 1', '+const b'],
        tookMs: 800,
      },
    ],
    checks: [{ name: 'no request failed', isMet: true, detail: '0 of 20' }],
    timeline: {
      units: [
        ...units(12, { component: 'core' }),
        ...units(8, { component: 'core', servedBy: 'service', beganAtMs: 9000, tookMs: 4 }),
      ],
      ferries: [ferry({ legacyLeases: 2, serviceLeases: 1 })],
      connections: [{ atMs: 5000, legacy: 4, service: 3, budget: 50 }],
      events: [
        { kind: 'restart', component: 'core', label: 'restart', fromMs: 4000, toMs: 4200 },
        { kind: 'ramp', component: 'core', label: '10 %', fromMs: 5000, toMs: 6000 },
        { kind: 'rollback', component: 'core', label: 'back', fromMs: 7000, toMs: 8000 },
        { kind: 'tests', label: 'tests', fromMs: 2000, toMs: 3000 },
      ],
    },
    ...changes,
  }
}

describe('the HTML report', () => {
  const page = renderReport(result())

  it('needs nothing but itself: no script, no link, no address of anything else', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed)\b/i)
    expect(page).not.toMatch(/url\(|@import|\bsrc=|\bhref=/)
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/)
  })

  it('is one well-formed page: each element that is opened is closed in order', () => {
    const open: string[] = []
    const body = page.slice(page.indexOf('<body>')).replace(/<\/html>\s*$/, '')
    for (const [, close, name, end] of body.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
      if (end === '/') continue
      if (close === '') open.push(name ?? '')
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
    expect(page).not.toMatch(/undefined|NaN/)
  })

  it('escapes what others wrote', () => {
    expect(page).toContain('-const a = &lt;T&gt;() =&gt; 1')
    expect(page).toContain('TypeError: &lt;no&gt; getconn')
  })

  it('shows every chart with an accessible name, and the events as lines through them', () => {
    for (const label of [
      'Steps of the crossing',
      'core: share of units',
      'core: latency',
      'Leases by side',
      'Connections by side',
      'Call sites by package',
    ]) {
      expect(page).toContain(`aria-label="${label}`)
    }
    expect(page).toContain('<title>10 %, 4.0 s</title>')
  })

  it('says in its first lines whether a check failed', () => {
    const failed = renderReport(
      result({ checks: [{ name: 'no connection leaked', isMet: false, detail: '1 session' }] }),
    )
    expect(page).toContain('all checks met')
    expect(failed).toContain('<title>pgferry: the crossing of the example, failed</title>')
    expect(failed).not.toContain('all checks met')
  })

  it('renders a run in which nothing was seen', () => {
    const timeline = { units: [], ferries: [], connections: [], events: [] }
    expect(renderReport(result({ timeline, corpora: [], crossings: [] }))).not.toMatch(
      /undefined|NaN|Infinity/,
    )
  })
})

describe('figures and summary', () => {
  it('count units, failures and latency of each side apart', () => {
    const timeline = {
      ...result().timeline,
      units: [
        ...units(10, { component: 'core' }),
        unit({ component: 'core', servedBy: 'service', tookMs: 7, error: 'x' }),
      ],
    }
    const figures = figuresBySide({ timeline }).filter(({ component }) => component === 'core')
    expect(figures).toEqual([
      { component: 'core', side: 'legacy', units: 10, failures: 0, p50Ms: 10, p95Ms: 10 },
      { component: 'core', side: 'service', units: 1, failures: 1, p50Ms: 7, p95Ms: 7 },
    ])
    expect(totalsOf(result({ timeline }))).toMatchObject({
      units: 11,
      failures: 1,
      sites: 12,
      rewritten: 9,
      restarts: 1,
      slowestRollbackMs: 12,
      seconds: 60,
    })
  })

  it('print the crossing of each component and each check, a failed one as such', () => {
    const summary = renderSummary(
      result({ checks: [{ name: 'no connection leaked', isMet: false, detail: '1 session' }] }),
    )
    expect(summary).toMatch(/core +9 +3 +12 +8 +10 +4 +12 +9\.0/)
    expect(summary).toContain('FAIL no connection leaked: 1 session')
    expect(summary).toContain('20 units of work, 0 failed, 9 of 12 call sites rewritten')
  })

  it('print the inventory with its most frequent shapes', () => {
    expect(renderInventory({ packages: [found] })).toMatch(/core +4 +12 +9 +2 +1 +0 {2}gap 7, scoped 5/)
  })
})
