import { escapeHtml } from './html-text'
import type { BurndownPoint } from './run-history'

const width = 640
const height = 180
const margin = { left: 40, right: 12, top: 12, bottom: 26 }

/** Sites left and leaks over the recorded runs, as a drawing that needs no script. Two runs make a line; fewer make none. */
export function burndownChart(points: readonly BurndownPoint[]): string {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < 2) return ''
  const top = Math.max(1, ...points.map(({ left }) => left))
  const from = Date.parse(first.at)
  const span = Math.max(1, Date.parse(last.at) - from)
  const x = ({ at }: BurndownPoint): number =>
    round(margin.left + ((Date.parse(at) - from) / span) * (width - margin.left - margin.right))
  const y = (count: number): number =>
    round(margin.top + (1 - count / top) * (height - margin.top - margin.bottom))
  const line = (className: string, count: (point: BurndownPoint) => number): string =>
    `<polyline class="${className}" points="${points.map((point) => `${String(x(point))},${String(y(count(point)))}`).join(' ')}"/>` +
    points
      .map(
        (point) =>
          `<circle class="${className}" cx="${String(x(point))}" cy="${String(y(count(point)))}" r="3"><title>${escapeHtml(`${point.at.slice(0, 16).replace('T', ' ')}: ${String(point.left)} left, ${String(point.leaks)} of them leaks, ${String(point.done)} done`)}</title></circle>`,
      )
      .join('')
  const grid = [0, Math.round(top / 2), top]
    .filter((count, index, all) => all.indexOf(count) === index)
    .map(
      (count) =>
        `<line class="grid" x1="${String(margin.left)}" x2="${String(width - margin.right)}" y1="${String(y(count))}" y2="${String(y(count))}"/>` +
        `<text x="${String(margin.left - 6)}" y="${String(y(count) + 4)}" text-anchor="end">${String(count)}</text>`,
    )
    .join('')
  const day = ({ at }: BurndownPoint): string => at.slice(0, 10)
  const labels =
    `<text x="${String(margin.left)}" y="${String(height - 6)}">${day(first)}</text>` +
    `<text x="${String(width - margin.right)}" y="${String(height - 6)}" text-anchor="end">${day(last)}</text>`
  const told = `${String(points.length)} runs: ${String(first.left)} sites left at first, ${String(last.left)} now`
  return (
    `<section><h2>Over the runs</h2><figure><svg viewBox="0 0 ${String(width)} ${String(height)}" role="img" aria-label="${told}">` +
    `${grid}${labels}${line('left', (point) => point.left)}${line('leaks', (point) => point.leaks)}</svg>` +
    `<figcaption>${told}. <span class="key left">sites left</span> <span class="key leaks">of them leaks</span></figcaption></figure></section>`
  )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
