import type { Site } from '../model/site'
import { reasonAdvice } from '../model/site'
import type { Paint } from './paint'

/** A titled list of findings; nothing when there are none. */
export function renderFindings(title: string, sites: readonly Site[], paint: Paint): string[] {
  if (sites.length === 0) return []
  return [
    '',
    paint.bold(`${title} (${String(sites.length)})`),
    ...sites.flatMap((site) => renderSite(site, paint)),
  ]
}

/** One finding: where, which API and shape, why, what to do, and the path that shows it. */
function renderSite(site: Site, paint: Paint): string[] {
  const place = `${site.file}:${String(site.line)}:${String(site.column)}`
  const lines = [`  ${paint.bold(place)}  ${site.dialect}, ${site.api}, ${site.shape}`]
  if (site.reason !== undefined) lines.push(`    ${site.reason}: ${site.advice ?? reasonAdvice[site.reason]}`)
  for (const step of site.witness ?? []) {
    lines.push(paint.dim(`      ${String(step.line)}:${String(step.column)} ${step.note}`))
  }
  if (site.labels !== undefined && site.labels.length > 0)
    lines.push(paint.dim(`    note: ${site.labels.join(', ')}`))
  return lines
}
