import type { Site } from '../../../../codemods/src/model/site'
import { renderHtmlReport } from '../../../../codemods/src/report/render-html'
import { renderRunReport } from '../../../../codemods/src/report/render-run-report'
import { renderTable } from '../../../../codemods/src/report/render-table'
import { countSites, createRunReport } from '../../../../codemods/src/report/run-report'
import { renderUnifiedDiff } from '../../../../codemods/src/report/unified-diff'

function site(given: Partial<Site>): Site {
  const base = {
    id: '1',
    file: 'a.ts',
    line: 1,
    column: 2,
    dialect: 'd',
    api: 'x/y',
    shape: 'gap',
    verdict: 'rewritable',
  } as const
  return { ...base, ...given }
}

test('totals count each verdict', () => {
  const verdicts = ['rewritable', 'rewritten', 'manual', 'manual', 'leak', 'already'] as const
  expect(countSites(verdicts.map((verdict) => site({ verdict })))).toEqual({
    sites: 6,
    rewritable: 1,
    rewritten: 1,
    manual: 2,
    leak: 1,
    already: 1,
  })
})

test('the first column of a table is aligned left, the others right', () => {
  expect(
    renderTable([
      ['a', 'long', 'x'],
      ['bbb', '1', '22'],
    ]),
  ).toEqual(['a    long   x', 'bbb     1  22'])
})

test('a report of several packages has a total and tells what migrate did', () => {
  const packages = [
    {
      name: 'one',
      path: 'one',
      files: 2,
      sites: [site({ verdict: 'rewritten' }), site({ verdict: 'already' })],
    },
    {
      name: 'two',
      path: 'two',
      files: 3,
      sites: [site({ verdict: 'leak', reason: 'leaks-on-path', labels: ['nested-acquire'] }), site({})],
    },
  ]
  const text = renderRunReport(createRunReport('migrate', packages))
  expect(text).toContain('package  files  sites  rewritten  leaks  manual  done\n')
  expect(text).toMatch(/^total +5 +4 +1 +1 +0 +1$/m)
  expect(text).toContain('    note: nested-acquire')
  expect(text).toContain('leaks-on-path: A path leaves the function without releasing the connection.')
  expect(text).toContain(
    '4 sites in 2 packages: 1 rewritten, 1 still rewritable, 1 leaks a connection, 1 is on the service already.',
  )
})

test('several leaks, manual and finished sites are told in the plural', () => {
  const twice = (given: Partial<Site>): Site[] => [site(given), site(given)]
  const sites = [
    ...twice({ verdict: 'leak' }),
    ...twice({ verdict: 'manual' }),
    ...twice({ verdict: 'already' }),
  ]
  const text = renderRunReport(createRunReport('scan', [{ name: 'p', path: 'p', files: 1, sites }]))
  expect(text).toContain('2 leak a connection, 2 need a person, 2 are on the service already.')
})

test('a report without sites is one sentence under its table', () => {
  const text = renderRunReport(createRunReport('scan', [{ name: 'p', path: 'p', files: 1, sites: [] }]))
  expect(text).toContain('No place in 1 package takes a database connection through a known API.')
})

test('a unified diff names the files as git does and marks a missing last line ending', () => {
  expect(renderUnifiedDiff([{ path: 'src/a.ts', before: 'one\ntwo', after: 'one\nTWO' }])).toBe(
    [
      '--- a/src/a.ts',
      '+++ b/src/a.ts',
      '@@ -1,2 +1,2 @@',
      ' one',
      '-two',
      '\\ No newline at end of file',
      '+TWO',
      '\\ No newline at end of file',
      '',
    ].join('\n'),
  )
  expect(renderUnifiedDiff([])).toBe('')
})

test('the page shows every site, leaks first, with witness and advice, and escapes what comes from sources', () => {
  const sites = [
    site({ verdict: 'manual', reason: 'collision', file: '<a>&"\'.ts' }),
    site({
      verdict: 'leak',
      reason: 'leaks-on-throw',
      witness: [{ line: 3, column: 4, note: 'acquired <here>' }],
    }),
    site({ verdict: 'rewritten' }),
  ]
  const page = renderHtmlReport(createRunReport('migrate', [{ name: 'p<1>', path: 'p', files: 1, sites }]))
  expect(page).toMatch(/^<!doctype html>\n/)
  expect(page).toContain('pgferry migrate: 3 sites in 1 package')
  expect(page).toContain('&lt;a&gt;&amp;&quot;&#39;.ts:1:2')
  expect(page).toContain('<code>3:4</code> acquired &lt;here&gt;')
  expect(page).toContain('p&lt;1&gt;')
  expect(page.indexOf('<li class="leak"')).toBeLessThan(page.indexOf('<li class="manual"'))
  expect(page).not.toContain('Can be rewritten</div>')
})
