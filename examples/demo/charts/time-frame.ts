import { linearScale, niceTicks, secondTicks, type Scale } from './scale'
import { element, textElement } from './svg'

/** A moment worth a line through the chart, such as a ramp step. */
export interface Marker {
  /** Seconds since the start. */
  readonly atS: number
  readonly label: string
  readonly tone: 'neutral' | 'service' | 'legacy'
}

export interface TimeFrameOptions {
  readonly width: number
  readonly height: number
  /** Seconds shown. */
  readonly timeS: readonly [number, number]
  /** The greatest value to show; the axis begins at 0. */
  readonly maxValue: number
  /** What the y axis counts, with its unit. */
  readonly valueLabel: string
  readonly formatValue?: (value: number) => string
  /** Fixed ticks instead of round ones. */
  readonly ticks?: readonly number[]
  readonly markers?: readonly Marker[]
  /** Written at the top left. */
  readonly title?: string
  /** Leave out the words of the time axis (for all but the last chart of a column). */
  readonly isTimeAxisHidden?: boolean
}

export interface TimeFrame {
  readonly x: Scale
  readonly y: Scale
  /** Grid, axes, title and marker lines: goes behind the data. */
  readonly background: string
  /** Marker labels: go in front of it. */
  readonly foreground: string
  readonly baseline: number
}

const margin = { left: 64, right: 16, bottom: 34, top: 42 }

/** The axes of one chart over time, and the scales to draw its data with. */
export function createTimeFrame(options: TimeFrameOptions): TimeFrame {
  const { width, height, timeS, valueLabel, formatValue = String } = options
  const isTimeHidden = options.isTimeAxisHidden === true
  const bottom = height - (isTimeHidden ? 10 : margin.bottom)
  const ticks = options.ticks ?? niceTicks(options.maxValue)
  const x = linearScale(timeS, [margin.left, width - margin.right])
  const y = linearScale([0, Math.max(ticks.at(-1) ?? 1, 1e-9)], [bottom, margin.top])
  const grid = ticks.map((tick) => {
    const line = element('line', {
      x1: margin.left,
      x2: width - margin.right,
      y1: y(tick),
      y2: y(tick),
      class: 'grid',
    })
    return (
      line +
      textElement(formatValue(tick), {
        x: margin.left - 8,
        y: y(tick) + 4,
        class: 'tick',
        'text-anchor': 'end',
      })
    )
  })
  const seconds = secondTicks(timeS).map((tick) => {
    const line = element('line', { x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 4, class: 'axis' })
    if (isTimeHidden) return line
    return (
      line + textElement(`${tick} s`, { x: x(tick), y: bottom + 18, class: 'tick', 'text-anchor': 'middle' })
    )
  })
  const axis = element('line', {
    x1: margin.left,
    x2: width - margin.right,
    y1: bottom,
    y2: bottom,
    class: 'axis',
  })
  const caption = textElement(valueLabel, {
    class: 'axis-label',
    transform: `translate(14,${String((bottom + margin.top) / 2)}) rotate(-90)`,
    'text-anchor': 'middle',
  })
  const title =
    options.title === undefined
      ? ''
      : textElement(options.title, { x: margin.left, y: 16, class: 'chart-title' })
  const markers = (options.markers ?? []).filter(({ atS }) => atS >= timeS[0] && atS <= timeS[1])
  const markerLines = markers.map(({ atS, tone, label }) =>
    element(
      'line',
      { x1: x(atS), x2: x(atS), y1: margin.top - 4, y2: bottom, class: `marker marker-${tone}` },
      element('title', {}, `${label}, ${atS.toFixed(1)} s`),
    ),
  )
  return {
    x,
    y,
    baseline: bottom,
    background: [...grid, ...seconds, axis, caption, title, ...markerLines].join(''),
    foreground: placeLabels(markers, x)
      .map(({ marker, at }) =>
        textElement(marker.label, {
          x: at,
          y: margin.top - 8,
          class: `marker-label marker-${marker.tone}`,
          'text-anchor': 'middle',
        }),
      )
      .join(''),
  }
}

const labelWidthPerCharacter = 5.6

/** Marker labels that do not run into one another; a label without room is left to the line's own title. */
export function placeLabels(
  markers: readonly Marker[],
  x: Scale,
): readonly { readonly marker: Marker; readonly at: number }[] {
  let free = -Infinity
  return [...markers]
    .sort((a, b) => a.atS - b.atS)
    .flatMap((marker) => {
      const at = x(marker.atS)
      const half = (marker.label.length * labelWidthPerCharacter) / 2 + 3
      if (at - half < free) return []
      free = at + half
      return [{ marker, at }]
    })
}
