// How things are measured here. Contenders take turns in every round, each round starting with another one, so that whatever else
// the machine does hits all of them; a ratio is taken within its round, and what is shown is the median of the ratios with their
// middle half as spread.
import { cpus, loadavg } from 'node:os'

export const rounds = Number(process.env.PGFERRY_BENCH_ROUNDS ?? 9)
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error('PGFERRY_BENCH_ROUNDS must be a whole number of at least 1')
}

/**
 * Measures all contenders in turn: `warmUps` rounds that do not count, then `count`. Nobody collects garbage between them: a full
 * collection throws compiled code away, and the next round would measure the compiler.
 *
 * @param contenders what is measured, by name
 * @param measure gets a contender, resolves with numbers by name
 * @returns samples by contender's name, one for each round, in order
 */
export async function takeTurns(contenders, measure, { count = rounds, warmUps = 1 } = {}) {
  const names = Object.keys(contenders)
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < warmUps + count; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length]
      const sample = await measure(contenders[name])
      if (round >= warmUps) samples[name].push(sample)
    }
  }
  return samples
}

/**
 * Leases that never leave the processor, counted for `minMs`; `callers` loops share each count of `leases`. The first count is not
 * measured: it is that of a process that has just woken up. Turns are short, and there should be many, because a machine that shares its
 * processor with others is fast in one moment and slow in the next, for a fraction of a second each; where turns are longer than that,
 * the ratio says who had which. Beside the throughput stands the processor's time for each lease, which a busy machine
 * disturbs less.
 *
 * @param contender `caller(left)` loops until `left.count` is used up
 */
export async function measureLoops({ caller }, { callers, leases = 10_000, minMs = 30 }) {
  const runCount = async () => {
    const left = { count: leases }
    await Promise.all(Array.from({ length: callers }, () => caller(left)))
  }
  await runCount()
  const before = process.cpuUsage()
  const startedAtMs = performance.now()
  let done = 0
  let elapsedMs = 0
  while (elapsedMs < minMs) {
    await runCount()
    done += leases
    elapsedMs = performance.now() - startedAtMs
  }
  const { user, system } = process.cpuUsage(before)
  return { perSecond: (done * 1000) / elapsedMs, cpuNs: ((user + system) * 1000) / done }
}

/** Runs `work` until it has run `count` times, by `callers` at once: throughput, and the time that 50 and 99 of 100 stayed below. */
export async function measureLoad(work, { callers, count }) {
  let left = count
  const durationsMs = []
  const caller = async () => {
    while (left-- > 0) {
      const startedAtMs = performance.now()
      await work()
      durationsMs.push(performance.now() - startedAtMs)
    }
  }
  const startedAtMs = performance.now()
  await Promise.all(Array.from({ length: callers }, caller))
  const perSecond = (count * 1000) / (performance.now() - startedAtMs)
  return { perSecond, p50Ms: percentile(durationsMs, 0.5), p99Ms: percentile(durationsMs, 0.99) }
}

export function percentile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

export function median(numbers) {
  return percentile(numbers, 0.5)
}

/** Median and middle half. */
export function summarise(numbers) {
  return { value: median(numbers), low: percentile(numbers, 0.25), high: percentile(numbers, 0.75) }
}

/** `ours` by `peer`, round by round. */
export function ratioOf(samples, [ours, peer], key) {
  return summarise(samples[ours].map((sample, round) => sample[key] / samples[peer][round][key]))
}

const signs = {
  '>=': (value, limit) => value >= limit,
  '>': (value, limit) => value > limit,
  '<=': (value, limit) => value <= limit,
}

/**
 * One line of the table. A number is judged as it is shown, with two decimals; where it misses its reach by less than the spread,
 * the line says so.
 *
 * @param result `{ work, ours, peer, measure, summary, sign, limit, unit?, note? }`; without `sign` there is nothing to reach
 */
export function toLine({ summary, sign, limit, unit = 'x', ...rest }) {
  if (sign === undefined) return { ...rest, ...summary, unit }
  const isReached = (value) => signs[sign](Math.round(value * 100) / 100, limit)
  const isNear = isReached(sign === '<=' ? summary.low : summary.high)
  const verdict = isReached(summary.value) ? 'met' : isNear ? 'NOT met (within the spread)' : 'NOT met'
  return { ...rest, ...summary, unit, reach: `${sign} ${limit} ${unit}`, verdict }
}

/** Where the numbers come from; written beside them. */
export function environment() {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cores: cpus().length,
    cpu: cpus()[0]?.model,
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
    rounds,
    at: new Date().toISOString(),
  }
}
