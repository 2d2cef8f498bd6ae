import {
  binConnections,
  binLatencies,
  binLeases,
  binShares,
  percentile,
} from '../../../examples/demo/timeline/bins'
import { ferry, unit, units } from './records'

const binning = { fromMs: 1000, toMs: 4000, widthMs: 1000 }

describe('bins of the timeline', () => {
  it('take the nearest rank as percentile, and nothing of nothing', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(percentile(values, 0.5)).toBe(50)
    expect(percentile(values, 0.95)).toBe(95)
    expect(percentile([7], 0.95)).toBe(7)
    expect(percentile([], 0.5)).toBeUndefined()
  })

  it('count units by side in the bin in which they began, and leave out those outside of the interval', () => {
    const seen = [
      unit({ beganAtMs: 1000 }),
      unit({ beganAtMs: 1999, servedBy: 'service' }),
      unit({ beganAtMs: 3500, servedBy: 'service' }),
      unit({ beganAtMs: 999 }),
      unit({ beganAtMs: 4000 }),
      unit({ beganAtMs: 2500, servedBy: 'none' }),
    ]
    expect(binShares(seen, binning)).toEqual([
      { atMs: 500, legacy: 1, service: 1 },
      { atMs: 1500, legacy: 0, service: 0 },
      { atMs: 2500, legacy: 0, service: 1 },
    ])
  })

  it('say nothing of a latency that too few units stand for', () => {
    const seen = [
      ...units(4, { servedBy: 'service', tookMs: 8 }),
      ...units(3, { servedBy: 'service', beganAtMs: 2500 }),
      ...units(9, { tookMs: 99 }),
    ]
    expect(binLatencies(seen, 'service', binning)).toEqual([
      { atMs: 500, p50Ms: 8, p95Ms: 8 },
      { atMs: 1500, p50Ms: undefined, p95Ms: undefined },
      { atMs: 2500, p50Ms: undefined, p95Ms: undefined },
    ])
  })

  it('add up the last word of each process on its leases', () => {
    const said = [
      ferry({ atMs: 1100, legacyLeases: 9 }),
      ferry({ atMs: 1200, legacyLeases: 2, serviceLeases: 1 }),
      ferry({ atMs: 1150, processId: 2, serviceLeases: 4 }),
    ]
    expect(binLeases(said, binning)[0]).toEqual({ atMs: 500, legacy: 2, service: 5 })
  })

  it('keep the fullest moment of the connections and leave out bins in which nobody looked', () => {
    const seen = [
      { atMs: 1100, legacy: 1, service: 1, budget: 10 },
      { atMs: 1200, legacy: 2, service: 3, budget: 20 },
      { atMs: 3100, legacy: 1, service: 0, budget: 10 },
    ]
    expect(binConnections(seen, binning)).toEqual([
      { atMs: 500, legacy: 2, service: 3, budget: 20 },
      { atMs: 2500, legacy: 1, service: 0, budget: 10 },
    ])
  })
})
