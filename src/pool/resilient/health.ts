import { withDeadline } from '../../core/deadline'
import { ConnectFailedError } from '../../core/errors'
import { emitSafely } from '../../core/events'
import { IdleSweeper } from '../idle-sweeper'
import type { PoolContext } from '../pool-context'
import { classifyFailure } from './failure-table'
import { askRole } from './host-role'
import type { Host, HostTable } from './host-table'
import type { Slot } from './slot'
import type { SlotSet } from './slot-set'

export interface HealthDeps {
  readonly context: PoolContext
  readonly slots: SlotSet
  readonly hosts: HostTable
  /** The connection has answered and may be lent. */
  readonly onSound: (slot: Slot) => void
  /** A host has another role than before: what is connected to it is replaced. */
  readonly onRoleChanged: (host: Host) => void
  /** Whether some caller waits for a host that is not known. */
  readonly isHostWanted: () => boolean
  /** What else falls due at a sweep. */
  readonly onSweep: () => void
}

/**
 * Looks after the connections that nobody uses, by one background timer: closes what has served its time, asks those that have been
 * silent whether they live, and of several hosts asks each for its role. One connection is asked at a time and host.
 */
export class Health {
  readonly #deps: HealthDeps
  readonly #sweeper: IdleSweeper
  #rolesDueAtMs = 0
  /** When each connection that is being asked was asked. */
  readonly #checking = new Map<Slot, number>()

  constructor(deps: HealthDeps) {
    this.#deps = deps
    this.#sweeper = new IdleSweeper(
      deps.context.clock,
      () => this.#nextDueAtMs(),
      () => {
        this.#sweep()
      },
    )
  }

  /** Connections that are being asked now. */
  get checkingCount(): number {
    return this.#checking.size
  }

  /** Those of them that should have answered by `sinceMs`: nobody counts on them any more. */
  countOverdue(sinceMs: number): number {
    let count = 0
    for (const startedAtMs of this.#checking.values()) if (startedAtMs <= sinceMs) count++
    return count
  }

  /** @param slot has become idle */
  schedule(slot: Slot): void {
    this.#sweeper.schedule(slot.expiresAtMs)
  }

  stop(): void {
    this.#sweeper.stop()
  }

  /** Asks the roles of all hosts that have an idle connection as soon as may be: something has changed. */
  askRolesSoon(): void {
    if (this.#deps.hosts.hasSingleHost) return
    this.#rolesDueAtMs = this.#deps.context.clock.now()
    this.#sweeper.stop()
    this.#sweeper.schedule()
  }

  /** Asks a connection whether it lives (and its host for its role); it comes back through `onSound`, or is closed. */
  async check(slot: Slot): Promise<void> {
    const { context, slots, hosts, onSound } = this.#deps
    const { clock, options } = context
    const timeoutMs = options.validationTimeoutMs
    const makeError = (): Error => new Error(`the connection gave no answer within ${String(timeoutMs)} ms`)
    slots.move(slot, 'resetting')
    this.#checking.set(slot, clock.now())
    try {
      await withDeadline(this.#ask(slot), { clock, timeoutMs, makeError }).finally(() =>
        this.#checking.delete(slot),
      )
    } catch (error) {
      // It is not asked to say goodbye: it does not answer.
      slot.isBroken = true
      const failure = createLostError(error, slot)
      emitSafely(context.onEvent, { kind: 'connection-failed', pool: context.name, error: failure })
      hosts.recordFailure(slot.host, failure, classifyFailure(error, { phase: 'idle' }), clock.now())
      slots.close(slot, 'failed')
      this.#dismissSilent(slot.host)
      return
    }
    onSound(slot)
  }

  /** What is idle on this host is not trusted any more until it has answered. */
  suspect(host: Host): void {
    for (const slot of this.#deps.slots) {
      if (slot.host === host) slot.freshUntilMs = 0
    }
  }

  /** Where one that was silent is dead, those that were silent as well are not asked one by one. */
  #dismissSilent(host: Host): void {
    const { slots, context } = this.#deps
    const now = context.clock.now()
    for (const slot of [...slots.idle]) {
      if (slot.host === host && slot.freshUntilMs <= now) slots.close(slot, 'failed')
    }
    this.suspect(host)
  }

  async #ask(slot: Slot): Promise<void> {
    const { hosts, context } = this.#deps
    if (hosts.hasSingleHost && !slot.isRoleInDoubt) {
      await slot.client.query('')
      hosts.recordConnected(slot.host, slot.host.role, context.clock.now())
      return
    }
    await this.askRole(slot)
  }

  /** Learns the role of the host at the other end. */
  async askRole(slot: Slot): Promise<void> {
    const { role, lagMs } = await askRole(slot.client)
    slot.isRoleInDoubt = false
    if (lagMs !== undefined) this.#deps.hosts.recordLag(slot.host, lagMs, this.#deps.context.clock.now())
    this.learnRole(slot.host, role)
  }

  learnRole(host: Host, role: Host['role']): void {
    const { hosts, context } = this.#deps
    const nowMs = context.clock.now()
    // The name of a single host leads elsewhere after a failover: nothing that is open may be trusted to be the primary.
    const isMoved = hosts.hasSingleHost && host.role === 'unknown' && role === 'standby'
    if (isMoved) hosts.invalidate(host)
    const { isChanged, superseded } = hosts.recordRole(host, role, nowMs)
    if (isChanged || isMoved) this.tellRole(host)
    if (superseded !== undefined) this.tellRole(superseded)
  }

  /** A host has another role than before. */
  tellRole(host: Host): void {
    const { context, onRoleChanged } = this.#deps
    emitSafely(context.onEvent, {
      kind: 'host-role-changed',
      pool: context.name,
      host: host.host,
      port: host.port,
      role: host.role,
    })
    onRoleChanged(host)
  }

  #nextDueAtMs(): number {
    const { slots, hosts } = this.#deps
    let dueAtMs = Infinity
    for (const slot of slots.idle) dueAtMs = Math.min(dueAtMs, this.#dueAtMs(slot))
    return hosts.hasSingleHost || slots.size === 0 ? dueAtMs : Math.min(dueAtMs, this.#rolesDueAtMs)
  }

  #dueAtMs(slot: Slot): number {
    const { idleTimeoutMs, healthCheckMs } = this.#deps.context.options
    const dueAtMs = Math.min(
      slot.expiresAtMs,
      this.#isSurplus() ? slot.idleSinceMs + (idleTimeoutMs || Infinity) : Infinity,
    )
    return healthCheckMs > 0 ? Math.min(dueAtMs, slot.checkedAtMs + healthCheckMs) : dueAtMs
  }

  #isSurplus(): boolean {
    return this.#deps.slots.keptCount > this.#deps.context.options.min
  }

  #sweep(): void {
    const { slots, context, onSweep } = this.#deps
    const { idleTimeoutMs, healthCheckMs } = context.options
    const now = context.clock.now()
    for (const slot of [...slots.idle]) {
      if (slot.expiresAtMs <= now) slots.close(slot, 'expired')
      else if (idleTimeoutMs > 0 && slot.idleSinceMs + idleTimeoutMs <= now && this.#isSurplus())
        slots.close(slot, 'idle')
      else if (healthCheckMs > 0 && slot.checkedAtMs + healthCheckMs <= now) void this.check(slot)
    }
    this.#askRoles(now)
    onSweep()
  }

  #askRoles(now: number): void {
    const { slots, hosts, context, isHostWanted } = this.#deps
    if (hosts.hasSingleHost || this.#rolesDueAtMs > now) return
    const { roleRecheckMs, probeIntervalMs } = context.options
    this.#rolesDueAtMs = now + (isHostWanted() ? probeIntervalMs : roleRecheckMs)
    const asked = new Set<Host>()
    for (const slot of [...slots.idle].reverse()) {
      if (asked.has(slot.host)) continue
      asked.add(slot.host)
      void this.check(slot)
    }
  }
}

function createLostError(cause: unknown, { id }: Slot): ConnectFailedError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new ConnectFailedError(`idle connection ${String(id)} was lost: ${message}`, { cause })
}
