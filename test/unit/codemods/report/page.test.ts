import type { HiddenDependency } from '../../../../codemods/src/model/hidden-dependency'
import type { Site } from '../../../../codemods/src/model/site'
import { excerptOf, withoutSecrets } from '../../../../codemods/src/report/excerpt'
import { renderHidden } from '../../../../codemods/src/report/render-hidden'
import { renderHtmlReport } from '../../../../codemods/src/report/render-html'
import { burndownOf, parseHistory, toHistoryEntry } from '../../../../codemods/src/report/run-history'
import { plainPaint } from '../../../../codemods/src/report/paint'
import { createRunReport } from '../../../../codemods/src/report/run-report'

function site(given: Partial<Site>): Site {
  const base = {
    id: '1',
    file: 'src/a.ts',
    line: 2,
    column: 3,
    dialect: 'd',
    api: 'x/y',
    shape: 'gap',
    verdict: 'rewritable',
  } as const
  return { ...base, ...given }
}

const text = [
  'const a = 1',
  'const c = await pool.connect()',
  'await c.query(a)',
  '',
  'c.release()',
  '}',
  '',
  '',
].join('\n')

describe('an excerpt', () => {
  it('begins a line above the site, marks it and the steps of its witness', () => {
    const lines = excerptOf(site({ witness: [{ line: 3, column: 1, note: 'lost' }] }), text)
    expect(lines.slice(0, 3)).toEqual([
      { number: 1, text: 'const a = 1', role: 'context' },
      { number: 2, text: 'const c = await pool.connect()', role: 'site' },
      { number: 3, text: 'await c.query(a)', role: 'step' },
    ])
  })

  it('reaches to a step far below, within reason, and ignores steps in other files', () => {
    const long = Array.from({ length: 60 }, (_, index) => `line ${index + 1}`).join('\n')
    expect(excerptOf(site({ witness: [{ line: 12, column: 1, note: '' }] }), long).at(-1)?.number).toBe(13)
    expect(excerptOf(site({ witness: [{ line: 50, column: 1, note: '' }] }), long)).toHaveLength(18)
    const elsewhere = { line: 12, column: 1, note: '', file: 'src/b.ts' }
    expect(excerptOf(site({ witness: [elsewhere] }), long).at(-1)?.number).toBe(7)
  })

  it.each([
    [`new Pool('postgres://app:hunter2@db/x')`, `new Pool('postgres://app:***@db/x')`],
    [`const pool = new Pool({ password: 'hunter2' })`, `const pool = new Pool({ password: '***' })`],
    [`const apiKey = "hunter2"`, `const apiKey = "***"`],
    [`secret ?? \`hunter2\``, `secret ?? \`***\``],
    [`const password = process.env.PASSWORD`, `const password = process.env.PASSWORD`],
    [`fetch('https://example.org/a')`, `fetch('https://example.org/a')`],
  ])('blots out secrets: %s', (line, shown) => {
    expect(withoutSecrets(line)).toBe(shown)
  })
})

describe('the history of runs', () => {
  const run = (at: string, packages: Record<string, readonly Site['verdict'][]>): string =>
    JSON.stringify(
      toHistoryEntry(
        createRunReport(
          'scan',
          Object.entries(packages).map(([name, verdicts]) => ({
            name,
            path: name,
            files: 1,
            sites: verdicts.map((verdict) => site({ verdict })),
          })),
        ),
        new Date(at),
      ),
    )

  it('keeps what a run did not look at as it was last seen', () => {
    const lines = [
      run('2026-01-02T00:00:00Z', { one: ['rewritten', 'manual'] }),
      run('2026-01-01T00:00:00Z', { one: ['rewritable', 'manual'], two: ['leak'] }),
    ]
    expect(burndownOf(parseHistory(lines.join('\n')))).toEqual([
      { at: '2026-01-01T00:00:00.000Z', left: 3, leaks: 1, done: 0 },
      { at: '2026-01-02T00:00:00.000Z', left: 2, leaks: 1, done: 1 },
    ])
  })

  it('passes over lines that are no entries', () => {
    expect(
      parseHistory('<<<<<<< HEAD\n{"at":1}\nnull\n{"at":"2026-01-01T00:00:00Z","packages":{}}\n{"at":"20'),
    ).toEqual([{ at: '2026-01-01T00:00:00Z', packages: {} }])
  })

  it('is drawn from two runs on', () => {
    const history = parseHistory(
      [
        run('2026-01-01T00:00:00Z', { one: ['leak', 'manual'] }),
        run('2026-02-01T00:00:00Z', { one: ['manual'] }),
      ].join('\n'),
    )
    const report = createRunReport('scan', [])
    expect(renderHtmlReport(report, { history })).toContain('2 runs: 2 sites left at first, 1 now')
    expect(renderHtmlReport(report, { history: history.slice(0, 1) })).not.toContain('<svg')
  })
})

describe('the page', () => {
  const hidden: HiddenDependency = {
    kind: 'nested-acquire',
    file: 'src/b.ts',
    line: 4,
    column: 1,
    summary: 'load() takes a connection while <outer> holds one',
    witness: [{ line: 9, column: 2, note: 'taken again', file: 'src/c.ts' }],
  }

  it('has the filters, a row for each package, excerpts, and one lead', () => {
    const report = createRunReport('scan', [
      {
        name: 'one',
        path: 'one',
        files: 1,
        sites: [
          site({ verdict: 'leak', reason: 'leaks-on-throw' }),
          site({ verdict: 'already', dialect: 'e' }),
        ],
        hiddenDependencies: [hidden],
      },
    ])
    const page = renderHtmlReport(report, { textOf: () => text })
    expect(page).toContain('1 of 2 sites (50 %) on the service. Begin with the 1 leak')
    expect(page).toContain('<option>d</option><option>e</option>')
    expect(page).toContain('<tr data-package="one">')
    expect(page).toContain('<span class="site"><i>    2</i> const c = await pool.connect()</span>')
    expect(page).toContain('Hidden dependencies (1)')
    expect(page).toContain('while &lt;outer&gt; holds one')
    expect(page).toContain('src/c.ts:9:2')
  })

  it.each([
    [['rewritable'], '`pgferry migrate` rewrites'],
    [['manual'], 'needs a person'],
    [['rewritten'], 'Nothing is left to do.'],
    [[], 'Nothing here takes a database connection'],
  ] as const)('says what comes next: %j', (verdicts, said) => {
    const sites = verdicts.map((verdict) => site({ verdict }))
    expect(renderHtmlReport(createRunReport('scan', [{ name: 'p', path: 'p', files: 1, sites }]))).toContain(
      said,
    )
  })

  it('has nothing from the network', () => {
    const page = renderHtmlReport(
      createRunReport('scan', [{ name: 'p', path: 'p', files: 1, sites: [site({})] }]),
    )
    expect(page).not.toMatch(/https?:|src=|href=/)
  })
})

test('hidden dependencies are told by kind, a few of each', () => {
  const many = Array.from({ length: 7 }, (_, line) => ({
    kind: 'listen' as const,
    file: 'a.ts',
    line,
    column: 1,
    summary: 'LISTEN jobs',
    witness: [],
  }))
  const lines = renderHidden(
    { packages: [{ name: 'p', path: 'p', files: 1, sites: [], hiddenDependencies: many }] },
    plainPaint,
  )
  expect(lines.slice(1, 4)).toEqual([
    'Hidden dependencies (7)',
    '  listen (7): LISTEN needs a session of its own',
    '    a.ts:0:1 LISTEN jobs',
  ])
  expect(lines.at(-1)).toBe('    and 2 more')
  expect(renderHidden({ packages: [] }, plainPaint)).toEqual([])
})
