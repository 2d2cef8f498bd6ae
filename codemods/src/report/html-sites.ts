import type { HiddenDependency } from '../model/hidden-dependency'
import type { Site, WitnessStep } from '../model/site'
import { reasonAdvice } from '../model/site'
import type { ExcerptLine } from './excerpt'
import { escapeHtml } from './html-text'
import { verdictNames } from './verdict-order'

/** One row of the list: what the filters look at is in its attributes. */
export function siteItem(site: Site, packageName: string, excerpt: readonly ExcerptLine[]): string {
  const place = `${site.file}:${String(site.line)}:${String(site.column)}`
  const words = [place, site.api, site.reason ?? '', ...(site.labels ?? [])].join(' ').toLowerCase()
  const advice =
    site.reason === undefined
      ? ''
      : `<p><b>${site.reason}</b> ${escapeHtml(site.advice ?? reasonAdvice[site.reason])}</p>`
  const labels = (site.labels ?? []).map((label) => `<span class="label">${label}</span>`).join(' ')
  return [
    `<li class="${site.verdict}" data-package="${escapeHtml(packageName)}" data-verdict="${site.verdict}" data-dialect="${escapeHtml(site.dialect)}" data-shape="${site.shape}" data-words="${escapeHtml(words)}">`,
    `<details${site.verdict === 'leak' ? ' open' : ''}><summary><span class="verdict">${verdictNames[site.verdict]}</span> <code>${escapeHtml(place)}</code>`,
    ` <small>${escapeHtml(`${site.dialect}, ${site.api}, ${site.shape}`)}</small> ${labels}</summary>`,
    `${advice}${witnessList(site.witness ?? [])}${excerptBlock(excerpt)}</details></li>`,
  ].join('')
}

export function hiddenItem(one: HiddenDependency): string {
  const place = `${one.file}:${String(one.line)}:${String(one.column)}`
  return `<li class="hidden-${one.kind}"><code>${escapeHtml(place)}</code> <span class="label">${one.kind}</span> ${escapeHtml(one.summary)}${witnessList(one.witness)}</li>`
}

function witnessList(steps: readonly WitnessStep[]): string {
  if (steps.length === 0) return ''
  const items = steps.map(({ file, line, column, note }) => {
    const place = `${file === undefined ? '' : `${file}:`}${String(line)}:${String(column)}`
    return `<li><code>${escapeHtml(place)}</code> ${escapeHtml(note)}</li>`
  })
  return `<ol>${items.join('')}</ol>`
}

function excerptBlock(lines: readonly ExcerptLine[]): string {
  if (lines.length === 0) return ''
  const shown = lines.map(
    ({ number, text, role }) =>
      `<span class="${role}"><i>${String(number).padStart(5)}</i> ${escapeHtml(text)}</span>`,
  )
  return `<pre>${shown.join('\n')}</pre>`
}
