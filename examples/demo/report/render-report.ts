import { renderBarChart } from '../charts/bar-chart'
import { element } from '../charts/svg'
import { components } from '../crossing/components'
import { figuresBySide, totalsOf } from './figures'
import { badge, legend, section, table, text, type Html } from './html'
import type { CorpusResult, DemoResult, PackageInventory, VerdictCounts } from './model'
import { reportStyle } from './style'
import { renderTimeSections } from './time-sections'

/** The whole report as one page that needs nothing else: no script, no font, no picture from anywhere. Pure. */
export function renderReport(result: DemoResult): Html {
  const isGood = result.checks.every(({ isMet }) => isMet)
  const body = [
    header(result, isGood),
    tiles(result),
    checks(result),
    renderTimeSections(result),
    inventory(result),
    crossings(result),
    sides(result),
    ...result.corpora.map(corpus),
    footer(result),
  ]
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>pgferry: the crossing of the example, ${isGood ? 'all well' : 'failed'}</title>`,
    `<style>${reportStyle}</style></head><body><main>`,
    ...body,
    '</main></body></html>',
    '',
  ].join('\n')
}

function header({ startedAtMs }: DemoResult, isGood: boolean): Html {
  const when = new Date(startedAtMs).toISOString().replace('T', ' ').slice(0, 16)
  return element(
    'header',
    {},
    element('h1', {}, 'Five components crossed under load'),
    element(
      'p',
      {},
      badge(isGood, { good: 'all checks met', bad: 'a check failed' }),
      ` ${text(`pgferry demo, ${when} UTC`)}`,
    ),
  )
}

function tiles(result: DemoResult): Html {
  const totals = totalsOf(result)
  const tile = (value: string, name: string): Html =>
    element('div', { class: 'tile' }, element('b', {}, text(value)), element('span', {}, text(name)))
  return element(
    'div',
    { class: 'tiles' },
    tile(totals.units.toLocaleString('en'), 'units of work'),
    tile(String(totals.failures), 'failed'),
    tile(String(totals.rewritten), `of ${totals.sites} call sites rewritten`),
    tile(String(totals.restarts), 'rolling restarts'),
    tile(totals.slowestRollbackMs === 0 ? 'at once' : `${totals.slowestRollbackMs} ms`, 'slowest way back'),
    tile(`${totals.seconds.toFixed(0)} s`, 'from start to end'),
  )
}

function checks({ checks: all }: DemoResult): Html {
  const rows = all.map(({ name, isMet, detail }) => [
    { html: badge(isMet, { good: 'met', bad: 'not met' }) },
    name,
    detail,
  ])
  return section(
    'checks',
    'What must hold',
    'The demo fails when one of these does not.',
    table([{ title: '' }, { title: 'check' }, { title: 'seen' }], rows),
  )
}

const verdictWords: readonly (readonly [keyof VerdictCounts, string])[] = [
  ['already', 'on the service'],
  ['rewritable', 'legacy, provable'],
  ['manual', 'legacy, left for a person'],
  ['leak', 'legacy, leaks'],
]

function segmentsOf({ verdicts }: PackageInventory): { name: string; className: string; value: number }[] {
  return verdictWords.map(([verdict, name]) => ({ name, className: verdict, value: verdicts[verdict] }))
}

function inventory({ before, after, phaseOne, revertedFiles, tests }: DemoResult): Html {
  const names = [...components].filter((name) => before.packages.some((found) => found.name === name))
  const groups = names.map((name) => ({
    label: name,
    bars: (
      [
        ['before', before],
        ['after', after],
      ] as const
    ).map(([label, { packages }]) => {
      const found = packages.find((candidate) => candidate.name === name)
      return { label, segments: found === undefined ? [] : segmentsOf(found) }
    }),
  }))
  const shapes = before.packages.map(({ name, files, verdicts, shapes: counts }) => [
    name,
    files,
    verdicts.rewritable,
    verdicts.manual,
    verdicts.leak,
    Object.entries(counts)
      .map(([shape, count]) => `${shape} ${count}`)
      .join(', '),
  ])
  return section(
    'inventory',
    'Call sites before and after',
    'Every place that takes a connection, as pgferry scan lists it. What could not be proved equivalent is untouched, with file, line and reason, and keeps working on the facade.',
    legend(verdictWords.map(([className, name]) => ({ className, name }))),
    renderBarChart('Call sites by package and verdict, before and after', 'call sites', groups),
    table(
      [
        { title: 'package' },
        { title: 'files', isNumber: true },
        { title: 'rewritable', isNumber: true },
        { title: 'manual', isNumber: true },
        { title: 'leak', isNumber: true },
        { title: 'shapes before' },
      ],
      shapes,
    ),
    element('h3', {}, 'Phase 1'),
    element(
      'p',
      { class: 'lead' },
      text(
        `An adapter written for getconn/putconn on a manager that is a context manager only: without addGetconn “${phaseOne.errorBefore}”; with it ${phaseOne.documentsAfter} documents stored. Taking one codemod back restored ${revertedFiles} files, byte for byte.`,
      ),
    ),
    table(
      [
        { title: 'example tests' },
        { title: 'passed', isNumber: true },
        { title: 'failed', isNumber: true },
        { title: 'took, s', isNumber: true },
      ],
      tests.map(({ when, passed, failed, tookMs }) => [when, passed, failed, (tookMs / 1000).toFixed(1)]),
    ),
  )
}

function crossings({ crossings: all }: DemoResult): Html {
  const rows = all.map(({ component, rewritten, left, ramps, rollbacks, tookMs }) => [
    component,
    rewritten,
    left,
    ramps
      .map(({ share, units, serviceUnits }) => `${share * 100} %: ${serviceUnits} of ${units}`)
      .join(' · '),
    rollbacks
      .map(({ how, lastServiceUnitMs }) => `${how === 'flag' ? 'flag' : 'kill switch'} ${lastServiceUnitMs}`)
      .join(' · '),
    (tookMs / 1000).toFixed(1),
  ])
  return section(
    'components',
    'Component by component',
    'Way back: milliseconds from the flip to the last unit that still began on the new service, under load; 0 means that none did.',
    table(
      [
        { title: 'component' },
        { title: 'rewritten', isNumber: true },
        { title: 'left', isNumber: true },
        { title: 'units on the service at each share' },
        { title: 'way back, ms' },
        { title: 'took, s', isNumber: true },
      ],
      rows,
    ),
  )
}

function sides(result: DemoResult): Html {
  const rows = figuresBySide(result).map(({ component, side, units, failures, p50Ms, p95Ms }) => [
    component,
    side === 'legacy' ? 'legacy pool' : 'new service',
    units,
    failures,
    p50Ms?.toFixed(0) ?? '–',
    p95Ms?.toFixed(0) ?? '–',
  ])
  return section(
    'sides',
    'Both sides in numbers',
    'Units of the whole run. The legacy side served while the codemods and the first builds had the machine, so its tail is longer here; the charts above show both sides at the same moment.',
    table(
      [
        { title: 'component' },
        { title: 'side' },
        { title: 'units', isNumber: true },
        { title: 'failed', isNumber: true },
        { title: 'p50, ms', isNumber: true },
        { title: 'p95, ms', isNumber: true },
      ],
      rows,
    ),
  )
}

function corpus({
  name,
  source,
  inventory: found,
  reasons,
  filesChanged,
  diffLines,
  tookMs,
}: CorpusResult): Html {
  const { verdicts, files } = found
  const sites = verdictWords.reduce((sum, [verdict]) => sum + verdicts[verdict], 0)
  const lines = diffLines.map((line) => element('span', { class: classOfLine(line) }, text(line)))
  const why = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`)
  return section(
    name.replace(/\W+/g, '-'),
    name,
    `Published sources that pgferry has never seen (${source}): ${files} files, ${sites} call sites in ${(tookMs / 1000).toFixed(1)} s; the dry run would change ${filesChanged} ${filesChanged === 1 ? 'file' : 'files'}.`,
    table(
      [
        { title: 'rewritable', isNumber: true },
        { title: 'manual', isNumber: true },
        { title: 'leak', isNumber: true },
        { title: 'shapes' },
        { title: 'reasons' },
      ],
      [
        [
          verdicts.rewritable,
          verdicts.manual,
          verdicts.leak,
          Object.entries(found.shapes)
            .map(([shape, n]) => `${shape} ${n}`)
            .join(', '),
          why.join(', '),
        ],
      ],
    ),
    lines.length === 0 ? '' : element('pre', {}, lines.join('')),
  )
}

function classOfLine(line: string): 'add' | 'remove' | 'other' {
  if (line.startsWith('+') && !line.startsWith('+++')) return 'add'
  return line.startsWith('-') && !line.startsWith('---') ? 'remove' : 'other'
}

function footer({ versions }: DemoResult): Html {
  return element(
    'footer',
    {},
    text(
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(' · '),
    ),
  )
}
