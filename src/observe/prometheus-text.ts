import type { MetricFamily, Sample, SampleSource } from './prometheus-families'
import type { Labels } from './recorded-durations'

/** The families in Prometheus' text format 0.0.4; those without a sample are left out. */
export function renderFamilies(families: readonly MetricFamily[], source: SampleSource): string {
  return families.map((family) => renderFamily(family, family.samples(source))).join('')
}

function renderFamily({ name, help, type }: MetricFamily, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const lines = samples.map(
    ({ metricName = name, labels, value }) => `${metricName}${renderLabels(labels)} ${renderValue(value)}`,
  )
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`,
  )
  return `{${pairs.join(',')}}`
}

function renderValue(value: number): string {
  return value === Infinity ? '+Inf' : String(value)
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
