import type { PackageReport, Site } from '../model/site'
import { excerptOf } from './excerpt'
import { burndownChart } from './html-burndown'
import { script } from './html-script'
import { hiddenItem, siteItem } from './html-sites'
import { style } from './html-style'
import { escapeHtml } from './html-text'
import { countOf } from './render-table'
import { burndownOf, type HistoryEntry } from './run-history'
import { countSites } from './run-report'
import { verdictOrder, verdictTitles } from './verdict-order'

/** What a page shows. */
export interface HtmlReportInput {
  readonly command: string
  readonly packages: readonly PackageReport[]
}

export interface HtmlReportOptions {
  /** Text of a file as it was analysed, for excerpts; its name is relative to the root. */
  readonly textOf?: (file: string) => string | undefined
  /** Earlier runs and this one, for the burndown. */
  readonly history?: readonly HistoryEntry[]
}

/**
 * A page in one file: no network, light and dark, readable without scripts, which only filter. Everything from the sources is escaped,
 * and what looks like a secret in an excerpt is blotted out.
 */
export function renderHtmlReport(input: HtmlReportInput, options: HtmlReportOptions = {}): string {
  const sites = input.packages.flatMap((entry) => entry.sites)
  const title = `pgferry ${input.command}: ${countOf(sites.length, 'site')} in ${countOf(input.packages.length, 'package')}`
  const parts = [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>`,
    `<style>${style}</style></head>`,
    `<body><main><h1>${escapeHtml(title)}</h1>`,
    lead(sites),
    tiles(sites),
    burndownChart(burndownOf(options.history ?? [])),
    packageTable(input),
    hiddenSection(input),
    siteSection(input, options),
    `</main><script>${script}</script></body></html>`,
    '',
  ]
  return parts.filter((part, index) => part !== '' || index === parts.length - 1).join('\n')
}

function lead(sites: readonly Site[]): string {
  const totals = countSites(sites)
  const done = totals.rewritten + totals.already
  if (totals.sites === 0)
    return '<p class="lead">Nothing here takes a database connection through a known API.</p>'
  const share = Math.round((100 * done) / totals.sites)
  const next =
    totals.leak > 0
      ? `Begin with the ${countOf(totals.leak, 'leak')}: each loses a connection on the path that it shows.`
      : totals.rewritable > 0
        ? '`pgferry migrate` rewrites what can be rewritten.'
        : totals.manual > 0
          ? 'What is left needs a person; each site says why.'
          : 'Nothing is left to do.'
  return `<p class="lead">${String(done)} of ${countOf(totals.sites, 'site')} (${String(share)} %) on the service. ${escapeHtml(next)}</p>`
}

function tiles(sites: readonly Site[]): string {
  const totals = countSites(sites)
  const tile = verdictOrder
    .filter((verdict) => totals[verdict] > 0)
    .map(
      (verdict) => `<div class="${verdict}"><b>${String(totals[verdict])}</b>${verdictTitles[verdict]}</div>`,
    )
  return `<div class="tiles"><div><b>${String(totals.sites)}</b>Sites</div>${tile.join('')}</div>`
}

function packageTable({ packages }: HtmlReportInput): string {
  const cellsOf = (sites: readonly Site[]): string => {
    const totals = countSites(sites)
    const counts = [totals.sites, ...verdictOrder.map((verdict) => totals[verdict])]
    const bar = verdictOrder
      .toReversed()
      .filter((verdict) => totals[verdict] > 0)
      .map((verdict) => `<i class="${verdict}" style="flex:${String(totals[verdict])}"></i>`)
    return `${counts.map((count) => `<td>${String(count)}</td>`).join('')}<td><div class="bar">${bar.join('')}</div></td>`
  }
  const heads = [
    'package',
    'sites',
    ...verdictOrder.map((verdict) => verdictTitles[verdict].toLowerCase()),
    '',
  ]
  const withSites = packages.filter(({ sites }) => sites.length > 0)
  const others = packages.length - withSites.length
  const note =
    others === 0
      ? ''
      : `<p>${countOf(others, 'package')} without a site ${others === 1 ? 'is' : 'are'} not listed.</p>`
  const rows = withSites.map(
    ({ name, sites }) =>
      `<tr data-package="${escapeHtml(name)}"><th scope="row">${escapeHtml(name)}</th>${cellsOf(sites)}</tr>`,
  )
  const all = packages.flatMap((entry) => entry.sites)
  return [
    '<section><h2>By package</h2><table><thead><tr>',
    heads.map((head) => `<th scope="col">${head}</th>`).join(''),
    `</tr></thead><tbody>${rows.join('')}</tbody><tfoot><tr><th scope="row">total</th>${cellsOf(all)}</tr></tfoot></table>${note}</section>`,
  ].join('')
}

function hiddenSection({ packages }: HtmlReportInput): string {
  const found = packages.flatMap((entry) => entry.hiddenDependencies ?? [])
  if (found.length === 0) return ''
  return `<section><details><summary><b>Hidden dependencies (${String(found.length)})</b>: what couples code through a connection without saying so</summary><ul class="hidden">${found.map(hiddenItem).join('')}</ul></details></section>`
}

function siteSection({ packages }: HtmlReportInput, { textOf }: HtmlReportOptions): string {
  const all = packages.flatMap(({ name, sites }) => sites.map((site) => ({ name, site })))
  if (all.length === 0) return ''
  const items = verdictOrder.flatMap((verdict) =>
    all
      .filter(({ site }) => site.verdict === verdict)
      .map(({ name, site }) => {
        const text = textOf?.(site.file)
        return siteItem(site, name, text === undefined ? [] : excerptOf(site, text))
      }),
  )
  const choice = (name: string, values: readonly string[]): string => {
    const options = [...new Set(values)].sort().map((value) => `<option>${escapeHtml(value)}</option>`)
    return `<select name="${name}" aria-label="${name}"><option value="">every ${name}</option>${options.join('')}</select>`
  }
  const sites = all.map(({ site }) => site)
  return [
    `<section><h2>Sites: <span id="shown">${String(all.length)}</span></h2><form hidden>`,
    choice(
      'verdict',
      sites.map(({ verdict }) => verdict),
    ),
    choice(
      'package',
      all.map(({ name }) => name),
    ),
    choice(
      'dialect',
      sites.map(({ dialect }) => dialect),
    ),
    choice(
      'shape',
      sites.map(({ shape }) => shape),
    ),
    '<input type="search" name="words" placeholder="file, api, reason" aria-label="words"></form>',
    `<ul id="sites">${items.join('\n')}</ul></section>`,
  ].join('')
}
