import type { Random } from '../../core/random'
import type { HostStats, HostTarget } from '../pool-strategy'
import { nextDelayMs } from './backoff'
import { transition, type BreakerEvent } from './breaker'
import type { FailureVerdict } from './failure-row'
import { HostRecord, type Host, type HostAddress, type HostRole } from './host'
import {
  defaultHostTableSettings,
  dueAtMs,
  isFresh,
  rankOf,
  ranks,
  refuse,
  type HostRefusal,
  type HostTableSettings,
} from './host-choice'

export type { Host, HostAddress, HostRole } from './host'
export { defaultHostTableSettings, type HostRefusal, type HostTableSettings } from './host-choice'

/** Hosts worth a connection attempt. */
export interface Candidates {
  /** Best first. */
  readonly now: readonly Host[]
  /** When another host becomes worth it; infinite when none does by itself. */
  readonly retryAtMs: number
}

/** What was learnt by asking a host for its role. */
export interface RoleChange {
  /** It was known as something else; its connections are of an old generation. */
  readonly isChanged: boolean
  /** The host that was the primary until now; its connections are of an old generation too. */
  readonly superseded?: Host
}

const unchanged: RoleChange = { isChanged: false }

/** The part of its turns that a host gets when it has just recovered. */
const firstShare = 0.1

/**
 * What a pool knows of its hosts: which are up, which takes writes, and which to try next. Time and chance are arguments; it opens
 * nothing.
 *
 * An attempt to connect goes `beginAttempt`, then one of `recordConnected`, `recordFailure`, `abandonAttempt` with the number that
 * `beginAttempt` gave: an answer that comes late then changes nothing. What comes without a number is about this moment.
 *
 * Two primaries: when a host says that it is the primary while another one is believed to be, the newer claim wins. Either a promotion
 * was seen, or the host was met for the first time, as after a failover to one that had not been needed before. The older one loses its
 * role and its connections, and saying "primary" again does not give it back: an old primary that came back unfenced says the same. It
 * is believed again when it has been a standby meanwhile, when the newer one is no primary any more (or was invalidated), or when
 * the newer one has been failing for `staleClaimMs`.
 */
export class HostTable {
  readonly hosts: readonly Host[]
  readonly size: number
  readonly hasSingleHost: boolean
  readonly #records: readonly HostRecord[]
  readonly #settings: HostTableSettings
  readonly #random: Random
  /** The index of the host whose turn it is among equals. */
  #turn = 0

  /** @param hosts at least one */
  constructor(hosts: readonly HostAddress[], settings: Partial<HostTableSettings>, random: Random) {
    this.#records = hosts.map((address, index) => new HostRecord(address, index))
    this.#settings = { ...defaultHostTableSettings, ...settings }
    this.#random = random
    this.hosts = this.#records
    this.size = hosts.length
    this.hasSingleHost = hosts.length === 1
  }

  /**
   * Hosts to connect to for `target`: those of its role that are well, in turn; then those it can do with, those whose role is not
   * known, and while nothing better is well those of the wrong role and those that have failed.
   */
  candidates(target: HostTarget, nowMs: number): Candidates {
    const due: { readonly host: HostRecord; readonly rank: number; readonly turn: number }[] = []
    let retryAtMs = Infinity
    let hasGood = false
    for (const host of this.#records) {
      const atMs = dueAtMs(host, target, this.#settings)
      if (atMs > nowMs) {
        retryAtMs = Math.min(retryAtMs, atMs)
        continue
      }
      const rank = rankOf(host, target, this.#settings, nowMs)
      if (rank === ranks.right || rank === ranks.fallback) hasGood = true
      due.push({ host, rank, turn: this.#turnOf(host, nowMs) })
    }
    const useful = hasGood && due.length > 1 ? due.filter(({ rank }) => rank <= ranks.unknown) : due
    if (useful.length > 1) useful.sort((a, b) => a.rank - b.rank || a.turn - b.turn)
    return { now: useful.map(({ host }) => host), retryAtMs }
  }

  /**
   * Whether a connection to this host may be lent for `target`. Its health is not asked: a connection that works, works. A single host
   * that does not tell its role, like a pooler, is taken for what is asked. Allocates nothing.
   */
  isEligible(host: Host, target: HostTarget, _nowMs: number): boolean {
    if (target === 'any') return true
    const { role } = host
    if (role === 'unknown') return this.hasSingleHost
    if (target === 'primary') return role === 'primary'
    if (role === 'standby') return isFresh(this.#recordOf(host), this.#settings.maxLagMs)
    return target === 'prefer-standby' && !this.#hasUsableStandby()
  }

  /** Announces a connection attempt; an open breaker takes it for its probe. Returns the attempt's number. */
  beginAttempt(host: Host, nowMs: number): number {
    const record = this.#recordOf(host)
    this.#passTurn(record)
    this.#move(record, { kind: 'probe-started', nowMs })
    return record.breaker.generation
  }

  /** An attempt that ended without an answer, because nobody wants it any more. */
  abandonAttempt(host: Host, nowMs: number, attempt: number): void {
    this.#move(this.#recordOf(host), { kind: 'probe-abandoned', generation: attempt, nowMs })
  }

  /** A connection was opened, or an open one has answered. `unknown`: the server does not tell its role; what was known stays. */
  recordConnected(host: Host, role: HostRole, nowMs: number, attempt?: number): RoleChange {
    const record = this.#recordOf(host)
    const generation = attempt ?? record.breaker.generation
    if (generation === record.breaker.generation) {
      if (record.isFailing) record.recoveredAtMs = nowMs
      record.forgetFailures()
      this.#move(record, { kind: 'succeeded', generation })
    }
    this.#passTurn(record)
    return this.recordRole(host, role, nowMs)
  }

  /**
   * A connection could not be opened or was lost; what concerns only the caller changes nothing. Failures during a pause belong to
   * what began it: twenty connections lost at once make no longer pause than one.
   */
  recordFailure(host: Host, error: unknown, verdict: FailureVerdict, nowMs: number, attempt?: number): void {
    const record = this.#recordOf(host)
    if (attempt !== undefined && attempt !== record.breaker.generation) return
    if (verdict.action === 'recheck-role') record.isRoleInDoubt = true
    if (!verdict.losesConnection) return
    record.failureCount++
    record.lastError = error
    record.lastFailureAtMs = nowMs
    if (nowMs >= record.retryAtMs) {
      record.retryAtMs = nowMs + nextDelayMs(++record.pauseCount, this.#random, this.#settings.backoff)
    }
    if (attempt === undefined) this.#move(record, { kind: 'probe-started', nowMs })
    const { generation } = record.breaker
    if (verdict.countsForBreaker) {
      record.failingSinceMs ??= nowMs
      this.#move(record, { kind: 'failed', generation, error, nowMs, random: this.#random() })
    } else if (record.breaker.kind === 'half-open') {
      // The host has answered, if only to refuse; its own words tell a caller more than "circuit open".
      this.#move(record, { kind: 'succeeded', generation })
    }
  }

  /** What a host says that it is. */
  recordRole(host: Host, role: HostRole, nowMs: number): RoleChange {
    const record = this.#recordOf(host)
    // A single host is not asked.
    if (!this.hasSingleHost || role !== 'unknown') record.checkedAtMs = nowMs
    record.isRoleInDoubt = false
    if (role === 'unknown' || role === record.role) return unchanged
    if (role === 'standby') {
      record.claimedAtMs = undefined
      return setRole(record, role)
    }
    const rival = this.#records.find((other) => other !== record && other.role === 'primary')
    if (
      rival !== undefined &&
      record.claimedAtMs !== undefined &&
      !hasFailedFor(rival, this.#settings.staleClaimMs, nowMs)
    ) {
      return unchanged
    }
    record.claimedAtMs = nowMs
    const change = setRole(record, role)
    rival?.forgetRole()
    return rival === undefined ? change : { ...change, superseded: rival }
  }

  /** How far a standby is behind its primary. */
  recordLag(host: Host, lagMs: number, nowMs: number): void {
    const record = this.#recordOf(host)
    record.lagMs = lagMs
    record.checkedAtMs = nowMs
  }

  /** Makes every connection to the host one of an old generation, and forgets what it was. */
  invalidate(host: Host, _nowMs?: number): void {
    const record = this.#recordOf(host)
    record.forgetRole()
    record.claimedAtMs = undefined
    record.checkedAtMs = -Infinity
  }

  /** Why nothing can be had for `target`; `undefined` while a host may still turn out to serve it. */
  refusal(target: HostTarget, nowMs: number): HostRefusal | undefined {
    return refuse(this.#records, target, this.#settings, nowMs)
  }

  stats(_nowMs?: number): readonly HostStats[] {
    return this.#records.map((host) => host.stats())
  }

  #hasUsableStandby(): boolean {
    for (const host of this.#records) {
      if (host.role === 'standby' && !host.isFailing && isFresh(host, this.#settings.maxLagMs)) return true
    }
    return false
  }

  /** Small is soon. One that has recovered gives most of its turns away at first. */
  #turnOf(host: HostRecord, nowMs: number): number {
    const turn = (host.index - this.#turn + this.size) % this.size
    const share = (nowMs - host.recoveredAtMs) / this.#settings.slowStartMs
    if (this.hasSingleHost || !(share < 1)) return turn
    return this.#random() < Math.max(share, firstShare) ? turn : turn + this.size
  }

  #passTurn({ index }: HostRecord): void {
    this.#turn = (index + 1) % this.size
  }

  #move(record: HostRecord, event: BreakerEvent): void {
    record.breaker = transition(record.breaker, event, this.#settings.breaker)
  }

  #recordOf(host: Host): HostRecord {
    const record = this.#records[host.index]
    if (record !== host) throw new Error(`${host.host} is a host of another table`)
    return record
  }
}

function setRole(record: HostRecord, role: HostRole): RoleChange {
  const isChanged = record.role !== 'unknown'
  record.role = role
  if (role === 'primary') record.lagMs = undefined
  if (isChanged) record.generation++
  return { isChanged }
}

function hasFailedFor({ failingSinceMs }: HostRecord, durationMs: number, nowMs: number): boolean {
  return failingSinceMs !== undefined && nowMs - failingSinceMs >= durationMs
}
