import type { ConnectionRecord, FerryRecord, UnitRecord } from './records'

/** The interval to cut into bins, all in milliseconds since 1970. */
export interface Binning {
  readonly fromMs: number
  readonly toMs: number
  readonly widthMs: number
}

/** Units of one bin by side; units that sent no statement count on neither. */
export interface ShareBin {
  /** Middle of the bin, milliseconds since the interval's beginning. */
  readonly atMs: number
  readonly legacy: number
  readonly service: number
}

export interface LatencyBin {
  readonly atMs: number
  readonly p50Ms: number | undefined
  readonly p95Ms: number | undefined
}

/** The value below which the fraction `p` of the numbers lies (nearest rank); `undefined` without numbers. */
export function percentile(values: readonly number[], p: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
}

/** How many units began on which side, bin by bin. */
export function binShares(units: readonly UnitRecord[], binning: Binning): readonly ShareBin[] {
  return cut(units, binning, ({ beganAtMs }) => beganAtMs).map(({ atMs, items }) => ({
    atMs,
    legacy: items.filter(({ servedBy }) => servedBy === 'legacy').length,
    service: items.filter(({ servedBy }) => servedBy === 'service').length,
  }))
}

/** Latency of the units of one side, bin by bin. Bins with less than `least` units say nothing. */
export function binLatencies(
  units: readonly UnitRecord[],
  side: 'legacy' | 'service',
  binning: Binning,
  least = 4,
): readonly LatencyBin[] {
  const ofSide = units.filter(({ servedBy }) => servedBy === side)
  return cut(ofSide, binning, ({ beganAtMs }) => beganAtMs).map(({ atMs, items }) => {
    const took = items.length < least ? [] : items.map(({ tookMs }) => tookMs)
    return { atMs, p50Ms: percentile(took, 0.5), p95Ms: percentile(took, 0.95) }
  })
}

/** Leases by side over all processes: in each bin the last word of each process, added up. */
export function binLeases(ferries: readonly FerryRecord[], binning: Binning): readonly ShareBin[] {
  return cut(ferries, binning, ({ atMs }) => atMs).map(({ atMs, items }) => {
    const last = [...new Map(items.map((record) => [record.processId, record])).values()]
    return {
      atMs,
      legacy: last.reduce((sum, { legacyLeases }) => sum + legacyLeases, 0),
      service: last.reduce((sum, { serviceLeases }) => sum + serviceLeases, 0),
    }
  })
}

/** The fullest moment of each bin; bins in which nobody looked are left out. */
export function binConnections(
  records: readonly ConnectionRecord[],
  binning: Binning,
): readonly (ShareBin & { readonly budget: number })[] {
  return cut(records, binning, ({ atMs }) => atMs).flatMap(({ atMs, items }) => {
    const fullest = [...items].sort((a, b) => b.legacy + b.service - (a.legacy + a.service))[0]
    if (fullest === undefined) return []
    return [{ atMs, legacy: fullest.legacy, service: fullest.service, budget: fullest.budget }]
  })
}

interface Bin<T> {
  readonly atMs: number
  readonly items: readonly T[]
}

function cut<T>(
  items: readonly T[],
  { fromMs, toMs, widthMs }: Binning,
  at: (item: T) => number,
): readonly Bin<T>[] {
  const count = Math.max(1, Math.ceil((toMs - fromMs) / widthMs))
  const bins: T[][] = Array.from({ length: count }, () => [])
  for (const item of items) bins[Math.floor((at(item) - fromMs) / widthMs)]?.push(item)
  return bins.map((binned, index) => ({ atMs: (index + 0.5) * widthMs, items: binned }))
}
