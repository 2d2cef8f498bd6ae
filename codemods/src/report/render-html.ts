import type { Site, Verdict } from '../model/site'
import { reasonAdvice } from '../model/site'
import { countOf } from './render-table'
import { countSites } from './run-report'

/** What a page shows: the packages of a `scan`, `migrate` or `check`. */
export interface HtmlReportInput {
  readonly command: string
  readonly packages: readonly {
    readonly name: string
    readonly path: string
    readonly sites: readonly Site[]
  }[]
}

const verdictTitles: Readonly<Record<Verdict, string>> = {
  leak: 'Leaks',
  manual: 'Needs a person',
  rewritable: 'Can be rewritten',
  rewritten: 'Rewritten',
  already: 'On the service already',
}

const verdictOrder: readonly Verdict[] = ['leak', 'manual', 'rewritable', 'rewritten', 'already']

/** A self-contained page: no script, no network, light and dark. Everything from the sources is escaped. */
export function renderHtmlReport(input: HtmlReportInput): string {
  const sites = input.packages.flatMap((entry) => entry.sites)
  const title = `pgferry ${input.command}: ${countOf(sites.length, 'site')} in ${countOf(input.packages.length, 'package')}`
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>`,
    `<style>${style}</style></head>`,
    `<body><main><h1>${escapeHtml(title)}</h1>`,
    tableOf(input),
    ...verdictOrder.map((verdict) =>
      sectionOf(
        verdict,
        sites.filter((site) => site.verdict === verdict),
      ),
    ),
    '</main></body></html>',
    '',
  ]
    .filter((part, index, all) => part !== '' || index === all.length - 1)
    .join('\n')
}

function tableOf({ packages }: HtmlReportInput): string {
  const row = (tag: string, name: string, cells: readonly (string | number)[]): string =>
    `<tr><th scope="row">${escapeHtml(name)}</th>${cells.map((cell) => `<${tag}>${String(cell)}</${tag}>`).join('')}</tr>`
  const cellsOf = (sites: readonly Site[]): readonly number[] => {
    const totals = countSites(sites)
    return [totals.sites, ...verdictOrder.map((verdict) => totals[verdict])]
  }
  const heads = ['sites', ...verdictOrder.map((verdict) => verdictTitles[verdict].toLowerCase())]
  const rows = packages.map((entry) => row('td', entry.name, cellsOf(entry.sites)))
  const total = row('td', 'total', cellsOf(packages.flatMap((entry) => entry.sites)))
  return `<table><thead>${row('th', 'package', heads)}</thead><tbody>${rows.join('')}</tbody><tfoot>${total}</tfoot></table>`
}

function sectionOf(verdict: Verdict, sites: readonly Site[]): string {
  if (sites.length === 0) return ''
  const isOpen = verdict === 'leak' || verdict === 'manual'
  return [
    `<details${isOpen ? ' open' : ''}><summary>${verdictTitles[verdict]} (${String(sites.length)})</summary><ul class="${verdict}">`,
    ...sites.map(itemOf),
    '</ul></details>',
  ].join('\n')
}

function itemOf(site: Site): string {
  const place = `${site.file}:${String(site.line)}:${String(site.column)}`
  const what = `${site.dialect}, ${site.api}, ${site.shape}`
  const advice =
    site.reason === undefined
      ? ''
      : `<p><b>${site.reason}</b>: ${escapeHtml(site.advice ?? reasonAdvice[site.reason])}</p>`
  const steps = (site.witness ?? []).map(
    ({ line, column, note }) => `<li><code>${String(line)}:${String(column)}</code> ${escapeHtml(note)}</li>`,
  )
  const witness = steps.length === 0 ? '' : `<ol>${steps.join('')}</ol>`
  return `<li><code>${escapeHtml(place)}</code> ${escapeHtml(what)}${advice}${witness}</li>`
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}

const style = [
  ':root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}',
  'main{max-width:70rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.4rem}',
  'table{border-collapse:collapse;margin-bottom:1.5rem}td,th{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #8884}',
  'th[scope=row]{text-align:left}tfoot{font-weight:600}summary{font-weight:600;cursor:pointer;padding:.4rem 0}',
  'ul{list-style:none;padding:0}ul>li{border-left:4px solid #8886;padding:.2rem .8rem;margin:.5rem 0}p{margin:.2rem 0}',
  '.leak>li{border-color:#d33}.manual>li{border-color:#c80}.rewritable>li,.rewritten>li,.already>li{border-color:#2a6}',
  'code{font:13px ui-monospace,monospace}',
].join('')
