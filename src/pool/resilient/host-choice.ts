import type { HostFinding } from '../../core/errors'
import type { HostTarget } from '../pool-strategy'
import { defaultBackoffSettings, type BackoffSettings } from './backoff'
import { defaultBreakerSettings, nextAttemptAtMs, type BreakerSettings } from './breaker'
import type { HostRecord } from './host'

/** Durations in milliseconds. */
export interface HostTableSettings {
  readonly breaker: BreakerSettings
  readonly backoff: BackoffSettings
  /** While no host of the right role is well, one of the wrong role is looked at again after this: so a promotion is found. */
  readonly roleRecheckMs: number
  /** A host that is down goes first once in this time though others are well: else nobody would notice that it is back. */
  readonly failedRetryMs: number
  /** A host that has recovered gets its full share of new connections only after this time. */
  readonly slowStartMs: number
  /** A standby further behind serves no reads. */
  readonly maxLagMs: number
  /**
   * A primary that was superseded is believed again when the newer one has been failing for this. Long: until then it may be an
   * old primary that nobody has stopped, and what is written there will be lost.
   */
  readonly staleClaimMs: number
}

export const defaultHostTableSettings: HostTableSettings = {
  breaker: defaultBreakerSettings,
  backoff: defaultBackoffSettings,
  roleRecheckMs: 200,
  failedRetryMs: 5_000,
  slowStartMs: 10_000,
  maxLagMs: Infinity,
  staleClaimMs: 30_000,
}

/**
 * Why nothing can be lent. `circuit-open`: waiting is in vain, the hosts have been down for a while; `no-eligible-host`: hosts
 * answer and are not what was asked for, which in a switchover is true for a moment.
 */
export type HostRefusal =
  | { readonly kind: 'circuit-open'; readonly retryAtMs: number; readonly lastError: unknown }
  | { readonly kind: 'no-eligible-host'; readonly hosts: readonly HostFinding[] }

/**
 * In the order of use: `right` is well and of the role that was asked for, `fallback` will do too, `overdue` has failed and has its turn
 * to show that it is back. What comes after `unknown` is a last resort.
 */
export const ranks = { overdue: 0, right: 1, fallback: 2, unknown: 3, failed: 4, wrong: 5, failedWrong: 6 }

/** Whether a connection to this host is what `target` asks for, or may turn out to be. */
export function canServe(host: HostRecord, target: HostTarget, { maxLagMs }: HostTableSettings): boolean {
  if (target === 'any') return true
  if (host.role === 'unknown') return target !== 'primary' || !host.isSuperseded
  if (host.role === 'standby') return target !== 'primary' && isFresh(host, maxLagMs)
  return target !== 'standby'
}

/** A standby that nobody has asked how far it is behind counts as fresh. */
export function isFresh({ lagMs }: HostRecord, maxLagMs: number): boolean {
  return lagMs === undefined || lagMs <= maxLagMs
}

export function rankOf(
  host: HostRecord,
  target: HostTarget,
  settings: HostTableSettings,
  nowMs: number,
): number {
  const isServing = canServe(host, target, settings)
  if (host.isFailing) {
    if (!isServing) return ranks.failedWrong
    return nowMs - host.lastFailureAtMs >= settings.failedRetryMs ? ranks.overdue : ranks.failed
  }
  if (!isServing) return ranks.wrong
  if (target === 'any') return ranks.right
  if (host.role === 'unknown') return ranks.unknown
  return target === 'prefer-standby' && host.role === 'primary' ? ranks.fallback : ranks.right
}

/**
 * When an attempt makes sense: not in a pause, no probe on its way, and not where a wrong role, or none that is believed, was told
 * only just now.
 */
export function dueAtMs(host: HostRecord, target: HostTarget, settings: HostTableSettings): number {
  const reachableAtMs = host.breaker.kind === 'closed' ? host.retryAtMs : nextAttemptAtMs(host.breaker)
  const isTold = host.role !== 'unknown' || target === 'any'
  if (host.isRoleInDoubt || (isTold && canServe(host, target, settings))) return reachableAtMs
  return Math.max(reachableAtMs, host.checkedAtMs + settings.roleRecheckMs)
}

/** Why no host will do; `undefined` while one may still turn out to. */
export function refuse(
  hosts: readonly HostRecord[],
  target: HostTarget,
  settings: HostTableSettings,
  nowMs: number,
): HostRefusal | undefined {
  let retryAtMs = Infinity
  let latest: HostRecord | undefined
  for (const host of hosts) {
    if (!canServe(host, target, settings)) continue
    if (host.breaker.kind === 'closed') return undefined
    // The answer of a probe that is on its way may come at any moment.
    const atMs = host.breaker.kind === 'open' ? host.breaker.nextProbeAtMs : nowMs
    retryAtMs = Math.min(retryAtMs, Math.max(atMs, nowMs))
    if (latest === undefined || host.lastFailureAtMs > latest.lastFailureAtMs) latest = host
  }
  if (latest !== undefined) return { kind: 'circuit-open', retryAtMs, lastError: latest.lastError }
  return { kind: 'no-eligible-host', hosts: hosts.map((host) => host.finding()) }
}
