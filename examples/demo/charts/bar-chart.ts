import { linearScale, niceTicks } from './scale'
import { element, picture, textElement } from './svg'

export interface Bar {
  readonly label: string
  readonly segments: readonly { readonly name: string; readonly className: string; readonly value: number }[]
}

/** Bars that belong together, such as before and after of one package. */
export interface BarGroup {
  readonly label: string
  readonly bars: readonly Bar[]
}

const layout = {
  width: 960,
  left: 210,
  right: 46,
  barHeight: 20,
  barGap: 4,
  groupGap: 16,
  top: 8,
  bottom: 44,
}

/** Horizontal stacked bars in groups, with their numbers written in and beside them. Pure. */
export function renderBarChart(label: string, valueLabel: string, groups: readonly BarGroup[]): string {
  const { width, left, right, barHeight, barGap, groupGap, top, bottom } = layout
  const most = Math.max(0, ...groups.flatMap(({ bars }) => bars.map(totalOf)))
  const ticks = niceTicks(most, 6)
  const x = linearScale([0, ticks.at(-1) ?? 1], [left, width - right])
  let y = top
  const drawn = groups.map((group) => {
    const heading = textElement(group.label, { x: 8, y: y + barHeight - 6, class: 'bar-group' })
    const bars = group.bars.map((bar) => {
      const markup = drawBar(bar, x, y, barHeight)
      y += barHeight + barGap
      return markup
    })
    y += groupGap
    return heading + bars.join('')
  })
  const end = y - groupGap + 4
  const axis = ticks.map(
    (tick) =>
      element('line', { x1: x(tick), x2: x(tick), y1: top, y2: end, class: 'grid' }) +
      textElement(String(tick), { x: x(tick), y: end + 16, class: 'tick', 'text-anchor': 'middle' }),
  )
  const caption = textElement(valueLabel, {
    x: (left + width - right) / 2,
    y: end + 34,
    class: 'axis-label',
    'text-anchor': 'middle',
  })
  return picture({ width, height: end + bottom - 4 }, label, axis.join('') + drawn.join('') + caption)
}

function drawBar(bar: Bar, x: (value: number) => number, y: number, height: number): string {
  let sum = 0
  const parts = bar.segments
    .filter(({ value }) => value > 0)
    .map(({ name, className, value }) => {
      const from = x(sum)
      sum += value
      const width = x(sum) - from
      const block = element(
        'rect',
        { x: from, y, width: Math.max(0, width - 1), height, rx: 2, class: `fill ${className}` },
        element('title', {}, `${bar.label}: ${value} ${name}`),
      )
      if (width < 16) return block
      return (
        block +
        textElement(String(value), {
          x: from + width / 2,
          y: y + height - 6,
          class: 'bar-value',
          'text-anchor': 'middle',
        })
      )
    })
  const name = textElement(bar.label, { x: x(0) - 8, y: y + height - 6, class: 'tick', 'text-anchor': 'end' })
  const total = textElement(String(sum), { x: x(sum) + 6, y: y + height - 6, class: 'tick' })
  return name + parts.join('') + total
}

function totalOf({ segments }: Bar): number {
  return segments.reduce((sum, { value }) => sum + value, 0)
}
