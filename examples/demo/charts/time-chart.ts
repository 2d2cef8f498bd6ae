import { assertNever } from '../assert-never'
import { bandPath, element, linePath, picture, type Point } from './svg'
import { createTimeFrame, type TimeFrame, type TimeFrameOptions } from './time-frame'

export interface TimePoint {
  /** Seconds since the start. */
  readonly atS: number
  /** `undefined`: nothing was measured; the line has a gap there. */
  readonly value: number | undefined
}

/** One series. `className` is the colour's: `legacy`, `service` or `budget`. */
export type Layer =
  | {
      readonly kind: 'line' | 'step'
      readonly className: string
      readonly isDashed?: boolean
      readonly points: readonly TimePoint[]
    }
  | { readonly kind: 'stack'; readonly classNames: readonly string[]; readonly rows: readonly StackRow[] }

/** One moment of stacked areas, the lowest first. `undefined` values: nothing was measured. */
export interface StackRow {
  readonly atS: number
  readonly values: readonly number[] | undefined
}

/** One chart over time as SVG. Pure. */
export function renderTimeChart(label: string, options: TimeFrameOptions, layers: readonly Layer[]): string {
  const frame = createTimeFrame(options)
  const drawn = layers.map((layer) => drawLayer(layer, frame))
  return picture(options, label, frame.background + drawn.join('') + frame.foreground)
}

/** The greatest value that the layers show, 0 when there is none. */
export function greatestValue(layers: readonly Layer[]): number {
  const values = layers.flatMap((layer) =>
    layer.kind === 'stack'
      ? layer.rows.map(({ values: row }) => (row ?? []).reduce((sum, value) => sum + value, 0))
      : layer.points.map(({ value }) => value ?? 0),
  )
  return values.reduce((most, value) => Math.max(most, value), 0)
}

function drawLayer(layer: Layer, frame: TimeFrame): string {
  switch (layer.kind) {
    case 'line':
      return strokePath(layer, linePath(layer.points.map((point) => toPoint(point, frame))))
    case 'step':
      return strokePath(layer, linePath(toSteps(layer.points.map((point) => toPoint(point, frame)))))
    case 'stack':
      return drawStack(layer, frame)
    default:
      return assertNever(layer)
  }
}

function strokePath(
  layer: { readonly className: string; readonly isDashed?: boolean },
  path: string,
): string {
  return element('path', {
    d: path,
    class: `line ${layer.className}${layer.isDashed === true ? ' dashed' : ''}`,
  })
}

function toPoint({ atS, value }: TimePoint, { x, y }: TimeFrame): Point | undefined {
  return value === undefined ? undefined : { x: x(atS), y: y(value) }
}

/** Holds each value until the next one. */
function toSteps(points: readonly (Point | undefined)[]): readonly (Point | undefined)[] {
  return points.flatMap((point, index) => {
    const previous = points[index - 1]
    return point === undefined || previous === undefined ? [point] : [{ x: point.x, y: previous.y }, point]
  })
}

function drawStack(layer: Extract<Layer, { kind: 'stack' }>, frame: TimeFrame): string {
  return measuredRuns(layer.rows)
    .flatMap((run) =>
      layer.classNames.map((className, depth) => {
        const edge = (count: number): readonly Point[] =>
          run.map(({ atS, values }) => ({
            x: frame.x(atS),
            y: frame.y(values.slice(0, count).reduce((sum, value) => sum + value, 0)),
          }))
        return element('path', { d: bandPath(edge(depth + 1), edge(depth)), class: `area ${className}` })
      }),
    )
    .join('')
}

interface MeasuredRow {
  readonly atS: number
  readonly values: readonly number[]
}

/** Rows between gaps. */
function measuredRuns(rows: readonly StackRow[]): readonly (readonly MeasuredRow[])[] {
  const runs: MeasuredRow[][] = [[]]
  for (const { atS, values } of rows) {
    if (values === undefined) runs.push([])
    else runs.at(-1)?.push({ atS, values })
  }
  return runs.filter((run) => run.length > 0)
}
