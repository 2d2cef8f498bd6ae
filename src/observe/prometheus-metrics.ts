import { checkOptions, isBoolean, isObject, isString } from '../core/options'
import { ObservedPools } from './observed-pools'
import { PoolNames, processPoolNames } from './pool-names'
import { metricFamilies } from './prometheus-families'
import { registerFamilies, type PrometheusRegister } from './prometheus-register'
import { renderFamilies } from './prometheus-text'
import { RecordedDurations } from './recorded-durations'
import type { StatsSource } from './stats-source'
import { watchTraces } from './watch-traces'

export interface PrometheusOptions {
  /** A `Registry` of `prom-client` that is to show the metrics beside its own; several services may share one. */
  readonly register?: PrometheusRegister
  /** What the pool is called, or what stands before the names of several pools; default their own names. */
  readonly name?: string
  /** `false` leaves out `pgferry_query_seconds`. */
  readonly operations?: boolean
}

export interface PrometheusMetrics {
  /** All metrics of this service in the text format; its content type is `text/plain; version=0.0.4; charset=utf-8`. */
  render(): string
  /** Ends the measuring and takes the metrics out of the register. A second call does nothing. */
  stop(): void
}

/**
 * Measures the service's pools for Prometheus: the numbers of `stats()`, and durations from the tracing channels. Needs no
 * package; with `register` they appear in what that register serves.
 *
 * @returns stop it when the service is closed
 * @throws InvalidOptionError also when the register has a metric of somebody else under one of the names
 * @example
 * prometheusMetrics(connections, { register: client.register, name: 'orders' })
 */
export function prometheusMetrics(service: StatsSource, options: PrometheusOptions = {}): PrometheusMetrics {
  checkOptions('prometheus', options, { register: isObject, name: isString, operations: isBoolean })
  const pools = new ObservedPools(service, processPoolNames, options.name)
  const hasOperations = options.operations !== false
  const durations = new RecordedDurations(pools, hasOperations)
  const source = { pools, durations }
  const families = metricFamilies.filter(({ kind }) => kind !== 'query' || hasOperations)
  let unregister: (() => void) | undefined
  try {
    if (options.register !== undefined) unregister = registerFamilies(options.register, families, source)
  } catch (error) {
    pools.giveBackNames()
    throw error
  }
  const stopWatching = watchTraces(durations)
  let isStopped = false
  return {
    render: () => renderFamilies(families, source),
    stop() {
      if (isStopped) return
      isStopped = true
      stopWatching()
      unregister?.()
      pools.giveBackNames()
    },
  }
}

/** The numbers of `stats()` in Prometheus' text format, with nothing measured and nothing kept: for a page that asks now and then. */
export function renderPrometheus(service: StatsSource, options: { readonly name?: string } = {}): string {
  checkOptions('prometheus', options, { name: isString })
  return renderFamilies(metricFamilies, { pools: new ObservedPools(service, new PoolNames(), options.name) })
}
