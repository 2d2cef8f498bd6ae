import { greatestValue, renderTimeChart, type Layer, type StackRow } from '../charts/time-chart'
import type { Marker } from '../charts/time-frame'
import { renderJourneyChart, type JourneyRow } from '../charts/journey-chart'
import { components, type Component } from '../crossing/components'
import {
  binConnections,
  binLatencies,
  binLeases,
  binShares,
  type Binning,
  type ShareBin,
} from '../timeline/bins'
import type { EventKind, EventRecord } from '../timeline/records'
import { legend, section, type Html } from './html'
import type { DemoResult } from './model'

const width = 960
const bothSides = [
  { className: 'service', name: 'new service' },
  { className: 'legacy', name: 'legacy pool' },
] as const

/** The charts over time. Pure. */
export function renderTimeSections(result: DemoResult): Html {
  return [journey(result), shares(result), latencies(result), leases(result), connections(result)].join('')
}

interface Span {
  readonly timeS: readonly [number, number]
  readonly bins: (widthMs: number) => Binning
  readonly toS: (instantMs: number) => number
}

/** The part of the run in which there was load: from the first unit to the last. */
function spanOf({ timeline, startedAtMs, endedAtMs }: DemoResult): Span {
  const fromMs = timeline.units[0]?.beganAtMs ?? startedAtMs
  const toMs = timeline.units.reduce((last, { beganAtMs }) => Math.max(last, beganAtMs), fromMs)
  const endMs = toMs > fromMs ? toMs : endedAtMs
  return {
    timeS: [0, (endMs - fromMs) / 1000],
    bins: (widthMs) => ({ fromMs, toMs: endMs, widthMs }),
    toS: (instantMs) => (instantMs - fromMs) / 1000,
  }
}

function journey(result: DemoResult): Html {
  const { timeS, toS } = spanOf(result)
  const { events } = result.timeline
  const rowOf = (label: string, chosen: readonly EventRecord[]): JourneyRow => ({
    label,
    steps: chosen
      .filter(({ toMs }) => toS(toMs) > 0)
      .map(({ kind, label: step, fromMs, toMs }) => ({
        fromS: Math.max(0, toS(fromMs)),
        toS: Math.min(timeS[1], toS(toMs)),
        label: step,
        className: kind,
      })),
  })
  const rows = [
    rowOf(
      'everything',
      events.filter(({ component }) => component === undefined),
    ),
    ...components.map((name) =>
      rowOf(
        name,
        events.filter(({ component }) => component === name),
      ),
    ),
  ]
  const kinds: readonly (readonly [EventKind, string])[] = [
    ['wiring', 'ferry goes in'],
    ['tests', 'example tests'],
    ['codemod', 'codemod'],
    ['build', 'build and type check'],
    ['restart', 'rolling restart'],
    ['ramp', 'ramp of the flag'],
    ['rollback', 'rehearsed way back'],
  ]
  return section(
    'journey',
    'The crossing',
    'What was done when, while the load went on. Seconds since the load began.',
    legend(kinds.map(([className, name]) => ({ className, name }))),
    renderJourneyChart('Steps of the crossing by component over time', timeS, rows),
  )
}

function shares(result: DemoResult): Html {
  const { bins } = spanOf(result)
  const charts = components.map((component) => {
    const units = result.timeline.units.filter((unit) => unit.component === component)
    const rows = binShares(units, bins(shareBinMs)).flatMap(toPercentBlock)
    const timeS = crossingOf(result, component)
    return renderTimeChart(
      `${component}: share of units of work by side over time`,
      {
        width,
        height: 176,
        timeS,
        maxValue: 100,
        ticks: [0, 50, 100],
        valueLabel: 'units, %',
        title: component,
        markers: markersOf(result, component),
      },
      [{ kind: 'stack', classNames: ['service', 'legacy'], rows: rowsWithin(rows, timeS) }],
    )
  })
  return section(
    'share',
    'Who served each unit of work',
    'Share of the units begun in each quarter of a second by the side that their statements really went to, read off the connections, while the component crossed. A request of the portal is a unit; everywhere else a job is one. Before and after, all units are on one side.',
    legend(bothSides),
    ...charts,
  )
}

/** From the build of a component to the end of its last rehearsal, with a second around it. */
function crossingOf(result: DemoResult, component: Component): readonly [number, number] {
  const { timeS, toS } = spanOf(result)
  const steps = result.timeline.events.filter(
    (event) => event.component === component && (event.kind === 'ramp' || event.kind === 'rollback'),
  )
  if (steps.length === 0) return timeS
  const from = Math.min(...steps.map(({ fromMs }) => toS(fromMs))) - 2
  const to = Math.max(...steps.map(({ toMs }) => toS(toMs))) + 2
  return [Math.max(timeS[0], from), Math.min(timeS[1], to)]
}

function rowsWithin<T extends { readonly atS: number }>(
  rows: readonly T[],
  [from, to]: readonly [number, number],
): readonly T[] {
  return rows.filter(({ atS }) => atS >= from && atS <= to)
}

const shareBinMs = 250

/** One bin as a block as wide as the bin: a flip is a step, not a slope. */
function toPercentBlock(bin: ShareBin): readonly StackRow[] {
  const { values } = toPercentRow(bin)
  const edges = [bin.atMs - shareBinMs / 2, bin.atMs + shareBinMs / 2]
  return edges.map((edgeMs) => ({ atS: edgeMs / 1000, values }))
}

function toPercentRow({ atMs, legacy, service }: ShareBin): {
  atS: number
  values: readonly number[] | undefined
} {
  const sum = legacy + service
  return { atS: atMs / 1000, values: sum === 0 ? undefined : [(100 * service) / sum, (100 * legacy) / sum] }
}

/** What was done to one component, as lines through its charts. */
function markersOf(result: DemoResult, component: Component): readonly Marker[] {
  const { toS } = spanOf(result)
  return result.timeline.events
    .filter(
      (event) =>
        event.component === component && ['codemod', 'restart', 'ramp', 'rollback'].includes(event.kind),
    )
    .map(({ kind, label, fromMs }) => ({
      atS: toS(fromMs),
      label,
      tone: kind === 'ramp' ? 'service' : kind === 'rollback' ? 'legacy' : 'neutral',
    }))
}

function latencies(result: DemoResult): Html {
  const { timeS, bins } = spanOf(result)
  const charts = components.map((component, index) => {
    const units = result.timeline.units.filter((unit) => unit.component === component)
    const layers = bothSides.flatMap(({ className }): readonly Layer[] => {
      const binned = binLatencies(units, className, bins(2000))
      return [
        {
          kind: 'line',
          className,
          points: binned.map(({ atMs, p50Ms }) => ({ atS: atMs / 1000, value: p50Ms })),
        },
        {
          kind: 'line',
          className,
          isDashed: true,
          points: binned.map(({ atMs, p95Ms }) => ({ atS: atMs / 1000, value: p95Ms })),
        },
      ]
    })
    return renderTimeChart(
      `${component}: latency of a unit of work by side over time`,
      {
        width,
        height: index === components.length - 1 ? 186 : 162,
        timeS,
        maxValue: Math.max(1, greatestValue(layers)),
        valueLabel: 'latency, ms',
        title: component,
        markers: markersOf(result, component),
        isTimeAxisHidden: index < components.length - 1,
      },
      layers,
    )
  })
  return section(
    'latency',
    'How long it took',
    'Latency of a whole unit of work in bins of two seconds. Builds, codemods and tests run on the same machine at the same time, and show: compare the sides where they meet, not the totals.',
    legend([
      { className: 'service', name: 'new service, p50' },
      { className: 'service', name: 'new service, p95', isDashed: true },
      { className: 'legacy', name: 'legacy pool, p50' },
      { className: 'legacy', name: 'legacy pool, p95', isDashed: true },
    ]),
    ...charts,
  )
}

function leases(result: DemoResult): Html {
  const { timeS, bins } = spanOf(result)
  const rows = binLeases(result.timeline.ferries, bins(500)).map(({ atMs, legacy, service }) => ({
    atS: atMs / 1000,
    values: [service, legacy],
  }))
  const layer: Layer = { kind: 'stack', classNames: ['service', 'legacy'], rows }
  const options = {
    width,
    height: 220,
    timeS,
    maxValue: Math.max(1, greatestValue([layer])),
    valueLabel: 'leases out',
  }
  return section(
    'leases',
    'Leases by side',
    'Connections out at borrowers, over all processes, as the ferries count them. Each goes back to the side that it came from; the portal keeps one for as long as its process lives, to listen, on the side of the moment when it started.',
    legend(bothSides),
    renderTimeChart('Leases by side over time', options, [layer]),
  )
}

function connections(result: DemoResult): Html {
  const { timeS, bins } = spanOf(result)
  const binned = binConnections(result.timeline.connections, bins(500))
  const layers: readonly Layer[] = [
    {
      kind: 'stack',
      classNames: ['service', 'legacy'],
      rows: binned.map(({ atMs, legacy, service }) => ({ atS: atMs / 1000, values: [service, legacy] })),
    },
    {
      kind: 'step',
      className: 'budget',
      points: binned.map(({ atMs, budget }) => ({ atS: atMs / 1000, value: budget })),
    },
  ]
  const options = {
    width,
    height: 240,
    timeS,
    maxValue: Math.max(1, greatestValue(layers)),
    valueLabel: 'connections',
  }
  return section(
    'budget',
    'Connections against the budget',
    'Sessions of the example as the server lists them (pg_stat_activity), fullest moment of each half second. The line is what the running processes may open together; while a process is replaced, two of it run.',
    legend([...bothSides, { className: 'budget', name: 'budget' }]),
    renderTimeChart('Connections by side and the budget over time', options, layers),
  )
}
