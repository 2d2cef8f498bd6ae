import { InvalidOptionError } from '../core/errors'
import type { MetricFamily, Sample, SampleSource } from './prometheus-families'

/** What we need of a `Registry` of `prom-client`. */
export interface PrometheusRegister {
  registerMetric(metric: RegisteredMetric): void
  getSingleMetric(name: string): object | undefined
  removeSingleMetric(name: string): void
}

/** What a register needs of a metric. */
export interface RegisteredMetric {
  get(): Promise<unknown>
  reset(): void
}

interface CollectedMetric {
  readonly name: string
  readonly help: string
  readonly type: MetricFamily['type']
  readonly aggregator: 'sum'
  readonly values: readonly Sample[]
}

/** A family in a register, for all services that are observed there: a register knows each name once. */
class RegisteredFamily implements RegisteredMetric {
  /** A register that speaks OpenMetrics changes it. */
  name: string
  readonly help: string
  readonly type: MetricFamily['type']
  /** Processes of one cluster are added up. */
  readonly aggregator = 'sum'
  readonly sources = new Set<SampleSource>()
  readonly #family: MetricFamily

  constructor(family: MetricFamily) {
    this.#family = family
    this.name = family.name
    this.help = family.help
    this.type = family.type
  }

  get(): Promise<CollectedMetric> {
    const { name, help, type, aggregator } = this
    const values = [...this.sources].flatMap((source) => this.#family.samples(source))
    return Promise.resolve({ name, help, type, aggregator, values })
  }

  /** Counts are the pools' own and stay; measured durations are forgotten. */
  reset(): void {
    const { kind } = this.#family
    if (kind === undefined) return
    for (const { durations } of this.sources) durations?.reset(kind)
  }
}

/**
 * Shows a source in a register, beside those that are there already; the answer takes it out again.
 *
 * @throws InvalidOptionError when the register has a metric of somebody else under one of the names
 */
export function registerFamilies(
  register: PrometheusRegister,
  families: readonly MetricFamily[],
  source: SampleSource,
): () => void {
  const taken = families.find(({ name }) => {
    const metric = register.getSingleMetric(name)
    return metric !== undefined && !(metric instanceof RegisteredFamily)
  })
  if (taken !== undefined)
    throw new InvalidOptionError('prometheus.register', register, `no other metric named ${taken.name} in it`)
  for (const family of families) {
    let registered = register.getSingleMetric(family.name)
    if (!(registered instanceof RegisteredFamily)) {
      const added = new RegisteredFamily(family)
      register.registerMetric(added)
      registered = added
    }
    ;(registered as RegisteredFamily).sources.add(source)
  }
  return () => {
    for (const { name } of families) {
      const registered = register.getSingleMetric(name)
      // A register may have been cleared by its owner.
      if (!(registered instanceof RegisteredFamily)) continue
      registered.sources.delete(source)
      if (registered.sources.size === 0) register.removeSingleMetric(name)
    }
  }
}
