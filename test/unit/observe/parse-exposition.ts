interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ParsedFamily {
  readonly type: string
  readonly help: string
  readonly samples: readonly ParsedSample[]
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/
const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/g
const suffixes = { histogram: ['_bucket', '_sum', '_count'], counter: [''], gauge: [''] }

/**
 * Reads Prometheus' text format as strictly as its own checker does: HELP and TYPE once and before the samples, families in one
 * piece, no sample twice, counters named `_total`, histograms that add up.
 */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, { type: string; help: string; samples: ParsedSample[] }>()
  const seen = new Set<string>()
  let family: { name: string; type: string; help: string; samples: ParsedSample[] } | undefined
  for (const line of text.split('\n').filter((l) => l !== '')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
    if (keyword === 'HELP') {
      if (!metricName.test(name)) throw new Error(`no metric name: ${name}`)
      if (families.has(name)) throw new Error(`${name} comes twice`)
      family = { name, type: '', help: rest, samples: [] }
      families.set(name, family)
    } else if (keyword === 'TYPE') {
      if (family?.name !== name || family.type !== '') throw new Error(`TYPE of ${name} at the wrong place`)
      family.type = rest
      if (rest === 'counter' && !name.endsWith('_total')) throw new Error(`counter ${name} without _total`)
    } else {
      const sample = parseSample(line)
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
      if (seen.has(key)) throw new Error(`twice: ${line}`)
      seen.add(key)
      const known = suffixes[family?.type as keyof typeof suffixes].map((suffix) => family!.name + suffix)
      if (!known.includes(sample.name)) throw new Error(`outside of its family: ${line}`)
      family!.samples.push(sample)
    }
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') checkHistogram(name, samples)
  return families
}

function parseSample(line: string): ParsedSample {
  const match = sampleLine.exec(line)
  if (match === null) throw new Error(`no sample: ${line}`)
  const [, name = '', labels = '', text = ''] = match
  const value = text === '+Inf' ? Infinity : Number(text)
  if (Number.isNaN(value)) throw new Error(`no number: ${line}`)
  const unescape = (part: string): string =>
    part.replace(/\\(["\\n])/g, (_all, char: string) => (char === 'n' ? '\n' : char))
  return {
    name,
    value,
    labels: Object.fromEntries([...labels.matchAll(label)].map(([, key, v]) => [key!, unescape(v!)])),
  }
}

function checkHistogram(name: string, samples: readonly ParsedSample[]): void {
  const bySeries = new Map<string, ParsedSample[]>()
  for (const sample of samples) {
    const { le: _le, ...labels } = sample.labels
    const key = JSON.stringify(labels)
    bySeries.set(key, [...(bySeries.get(key) ?? []), sample])
  }
  for (const series of bySeries.values()) {
    const buckets = series.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])))
    const counts = buckets.map(({ value }) => value)
    const isSorted = (list: number[]): boolean => list.every((v, i) => i === 0 || v >= list[i - 1]!)
    if (!isSorted(bounds) || !isSorted(counts)) throw new Error(`${name}: buckets are not cumulative`)
    const count = series.find((sample) => sample.name === `${name}_count`)?.value
    if (bounds.at(-1) !== Infinity || counts.at(-1) !== count)
      throw new Error(`${name}: +Inf is not the count`)
    if (!series.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: no sum`)
  }
}
