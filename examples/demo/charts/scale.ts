/** Maps numbers of a domain to pixels of a range, linearly. A domain without extent maps to the range's beginning. */
export type Scale = (value: number) => number

export function linearScale(
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): Scale {
  const extent = to - from
  return (value) => (extent === 0 ? start : start + ((value - from) / extent) * (end - start))
}

/** About `count` round numbers (1, 2, 2.5 or 5 times a power of ten) that cover 0 to at least `max`. */
export function niceTicks(max: number, count = 4): readonly number[] {
  if (!(max > 0)) return [0, 1]
  const rough = max / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power
  const last = Math.ceil(max / step - 1e-9)
  return Array.from({ length: last + 1 }, (_, index) => roundTo(index * step, step))
}

/** Round seconds that lie in the interval, with about `count` of them. */
export function secondTicks([from, to]: readonly [number, number], count = 10): readonly number[] {
  const rough = Math.max(1, (to - from) / count)
  const step = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300].find((candidate) => candidate >= rough) ?? 600
  const ticks: number[] = []
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(tick)
  return ticks
}

function roundTo(value: number, step: number): number {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(step)))
  return Number(value.toFixed(Math.min(digits, 12)))
}
