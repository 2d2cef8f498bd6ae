import { linearScale, secondTicks } from './scale'
import { element, picture, textElement } from './svg'

export interface JourneyStep {
  readonly fromS: number
  readonly toS: number
  /** Written inside when there is room, and always in the step's title. */
  readonly label: string
  readonly className: string
}

export interface JourneyRow {
  readonly label: string
  readonly steps: readonly JourneyStep[]
}

const layout = { width: 960, left: 120, right: 16, top: 8, rowHeight: 30, gap: 6, bottom: 30 }

/** What was done when: a row for each component, a block for each step. Pure. */
export function renderJourneyChart(
  label: string,
  timeS: readonly [number, number],
  rows: readonly JourneyRow[],
): string {
  const { width, left, right, top, rowHeight, gap, bottom } = layout
  const x = linearScale(timeS, [left, width - right])
  const end = top + rows.length * (rowHeight + gap)
  const axis = secondTicks(timeS).map(
    (tick) =>
      element('line', { x1: x(tick), x2: x(tick), y1: top, y2: end, class: 'grid' }) +
      textElement(`${tick} s`, { x: x(tick), y: end + 16, class: 'tick', 'text-anchor': 'middle' }),
  )
  const drawn = rows.map((row, index) => {
    const y = top + index * (rowHeight + gap)
    const name = textElement(row.label, {
      x: left - 10,
      y: y + rowHeight / 2 + 4,
      class: 'row-label',
      'text-anchor': 'end',
    })
    return name + row.steps.map((step) => drawStep(step, x, y)).join('')
  })
  return picture({ width, height: end + bottom }, label, axis.join('') + drawn.join(''))
}

function drawStep(step: JourneyStep, x: (value: number) => number, y: number): string {
  const from = x(step.fromS)
  const width = Math.max(2, x(step.toS) - from)
  const { rowHeight } = layout
  const block = element(
    'rect',
    {
      x: from,
      y,
      width: Math.max(1.5, width - 1),
      height: rowHeight,
      rx: 3,
      class: `fill ${step.className}`,
    },
    element('title', {}, `${step.label}: ${step.fromS.toFixed(1)} to ${step.toS.toFixed(1)} s`),
  )
  if (width < step.label.length * 6 + 6) return block
  return (
    block +
    textElement(step.label, {
      x: from + width / 2,
      y: y + rowHeight / 2 + 4,
      class: 'bar-value',
      'text-anchor': 'middle',
    })
  )
}
