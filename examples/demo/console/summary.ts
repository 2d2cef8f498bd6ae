import { figuresBySide, totalsOf } from '../report/figures'
import type { CorpusResult, DemoResult, Inventory } from '../report/model'
import { renderTextTable } from './text-table'

/** The inventory as a table: sites of each package by verdict, and the most frequent shapes. Pure. */
export function renderInventory({ packages }: Inventory): string {
  const rows = packages.map(({ name, files, verdicts, shapes }) => {
    const sites = verdicts.rewritable + verdicts.manual + verdicts.leak + verdicts.already
    return [
      name,
      files,
      sites,
      verdicts.rewritable,
      verdicts.manual,
      verdicts.leak,
      verdicts.already,
      describe(shapes, 4),
    ]
  })
  return renderTextTable(
    ['package', 'files', 'sites', 'rewritable', 'manual', 'leak', 'already', 'shapes'],
    rows,
  )
}

/** What was found in one published package. Pure. */
export function renderCorpus({
  name,
  source,
  inventory,
  reasons,
  filesChanged,
  diffLines,
}: CorpusResult): string {
  const why = Object.keys(reasons).length === 0 ? '' : `  left alone because: ${describe(reasons, 6)}\n`
  const diff = diffLines
    .slice(0, 14)
    .map((line) => `    ${line}`)
    .join('\n')
  return `  ${name} (${source})\n${renderInventory({ packages: [inventory] })}\n${why}  dry run: ${filesChanged} ${filesChanged === 1 ? 'file' : 'files'} would change\n${diff}\n`
}

/** The last word of the demo. Pure. */
export function renderSummary(result: DemoResult): string {
  const totals = totalsOf(result)
  const crossings = result.crossings.map(({ component, rewritten, left, rollbacks, tookMs }) => {
    const figures = figuresBySide(result).filter((entry) => entry.component === component)
    const p95 = (side: 'legacy' | 'service'): string =>
      figures.find((entry) => entry.side === side)?.p95Ms?.toFixed(0) ?? '-'
    const units = figures.map((entry) => entry.units)
    const back = rollbacks.map(({ lastServiceUnitMs }) => lastServiceUnitMs).join(', ')
    return [
      component,
      rewritten,
      left,
      units[0] ?? 0,
      units[1] ?? 0,
      p95('legacy'),
      p95('service'),
      back,
      (tookMs / 1000).toFixed(1),
    ]
  })
  const head = [
    'component',
    'rewritten',
    'left',
    'units legacy',
    'units service',
    'p95 legacy ms',
    'p95 service ms',
    'way back ms',
    'took s',
  ]
  const checks = result.checks.map(
    ({ name, isMet, detail }) => `  ${isMet ? 'ok  ' : 'FAIL'} ${name}: ${detail}`,
  )
  return [
    '',
    renderTextTable(head, crossings),
    '',
    ...checks,
    '',
    `  ${totals.units} units of work, ${totals.failures} failed, ${totals.rewritten} of ${totals.sites} call sites rewritten, ` +
      `${totals.restarts} rolling restarts, ${totals.seconds.toFixed(1)} s`,
  ].join('\n')
}

function describe(counts: Readonly<Record<string, number>>, most: number): string {
  const entries = Object.entries(counts)
  const shown = entries.slice(0, most).map(([name, count]) => `${name} ${count}`)
  return [...shown, ...(entries.length > most ? [`${entries.length - most} more`] : [])].join(', ')
}
