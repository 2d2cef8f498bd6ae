import { AsyncResource } from 'node:async_hooks'
import type { ClientBase, ClientConfig } from 'pg'
import { withDeadline } from '../../core/deadline'
import type { ConnectFailedError } from '../../core/errors'
import { emitSafely } from '../../core/events'
import type { Random } from '../../core/random'
import { createConnectFailedError } from '../connect-failure'
import { configForHost, resolveConnectionConfig, type ConnectionSource } from '../connection-target'
import { openTraced } from '../open-traced'
import type { PoolContext } from '../pool-context'
import { drawLifetimeMs } from '../pool-options'
import type { HostTarget } from '../pool-strategy'
import { SessionState } from '../session-state'
import { classifyFailure, type FailureVerdict } from './failure-table'
import { MovingMean } from './growth'
import { askRole, type RoleReport } from './host-role'
import type { Host, HostTable } from './host-table'
import { Slot } from './slot'

/** Runs once for each new connection, before anybody gets it; what it sets is the connection's baseline. */
export type ConnectHook = (client: ClientBase) => Promise<void> | void

export interface OpenFailure {
  readonly host: Host
  readonly error: ConnectFailedError
  readonly verdict: FailureVerdict
}

export interface OpenerDeps {
  readonly source: ConnectionSource
  readonly hosts: HostTable
  /** Whether the hosts were listed; else the connection says where to, and the table has one host in its place. */
  readonly areHostsGiven: boolean
  readonly random: Random
  readonly onConnect?: ConnectHook | undefined
  readonly onOpened: (slot: Slot) => void
  /** A host turned out to have another role than before. */
  readonly onRoleChanged: (host: Host) => void
  readonly onFailed: (failure: OpenFailure) => void
}

/** A peer that has vanished under a running statement is noticed by the operating system alone; `pg` leaves this off. */
const keepAlive: ClientConfig = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 }

/** Property by property: `pg` itself hides the password of a config from being copied. */
function withKeepAlive(config: ClientConfig): ClientConfig {
  return Object.defineProperties({ ...keepAlive }, Object.getOwnPropertyDescriptors(config))
}

/** Whether the next attempt may have other credentials: the connection, or its password, comes from a function. */
function isAskedAnew(source: ConnectionSource): boolean {
  return typeof source === 'function' || (typeof source !== 'string' && typeof source.password === 'function')
}

interface Attempt {
  readonly host: Host
  /** Its number in the host table. */
  readonly number: number
  readonly target: HostTarget
  /** Connections of an earlier epoch are not lent any more: the pool was drained meanwhile. */
  readonly epoch: number
}

/**
 * Opens connections: for the pool, never for one caller. So a caller who gives up costs no connection, and what was opened for it
 * serves the next. After a failure one connection goes ahead; each success lets twice as many follow.
 */
export class Opener {
  readonly connectMs = new MovingMean(0.3)
  readonly #context: PoolContext
  readonly #deps: OpenerDeps
  readonly #attempts = new Map<Promise<void>, Attempt>()
  // Beside the maps, whose sizes are dear to ask for: each caller who waits wants to know both.
  #count = 0
  #hasFailed = false
  /** Connections are opened in the pool's own async context, not in that of the borrower who happened to need one. */
  readonly #scope = new AsyncResource('pgferry.pool')
  readonly #abort = new AbortController()
  /** How many may be on their way to a host at once; one after a failure, twice as many after each success. */
  readonly #widths = new Map<Host, number>()
  #epoch = 0
  #lastId = 0
  readonly #lastErrors = new Map<Host, ConnectFailedError>()
  /** Whether the credentials were refused since the last success; the source is asked again once. */
  #wereRefused = false

  constructor(context: PoolContext, deps: OpenerDeps) {
    this.#context = context
    this.#deps = deps
  }

  /** Connections on their way in. */
  get count(): number {
    return this.#count
  }

  /** How many more may be on their way to this host at once. Of several hosts, one whose role is unknown is asked by one. */
  freeFor(host: Host): number {
    const { maxConnecting } = this.#context.options
    const isStranger = !this.#deps.hosts.hasSingleHost && host.role === 'unknown'
    const width = isStranger ? 1 : Math.min(this.#widths.get(host) ?? maxConnecting, maxConnecting)
    if (this.#attempts.size >= maxConnecting) return 0
    let count = 0
    for (const attempt of this.#attempts.values()) if (attempt.host === host) count++
    return width - count
  }

  /** Why the last attempt to one of `hosts` failed, unless one to the same host has succeeded since. */
  lastErrorOf(hosts: readonly Host[]): ConnectFailedError | undefined {
    // The map has them in the order in which they failed.
    return [...this.#lastErrors].findLast(([host]) => hosts.includes(host))?.[1]
  }

  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** How many are on their way in for each target. */
  countsByTarget(): Map<HostTarget, number> {
    const counts = new Map<HostTarget, number>()
    for (const { target } of this.#attempts.values()) counts.set(target, (counts.get(target) ?? 0) + 1)
    return counts
  }

  open(host: Host, target: HostTarget): void {
    const number = this.#deps.hosts.beginAttempt(host, this.#context.clock.now())
    const attempt: Attempt = { host, number, target, epoch: this.#epoch }
    const promise: Promise<void> = this.#scope
      .runInAsyncScope(() => this.#attempt(attempt))
      .then((report) => {
        this.#attempts.delete(promise)
        this.#count--
        report()
      })
    this.#attempts.set(promise, attempt)
    this.#count++
  }

  /** What is on its way in now will not be lent; resolves when it has arrived. */
  async startEpoch(): Promise<void> {
    this.#epoch++
    await Promise.all(this.#attempts.keys())
  }

  /** Ends what is on its way in; resolves when it is gone. */
  async close(): Promise<void> {
    this.#abort.abort()
    await this.startEpoch()
  }

  /** Never rejects; answers what there is to tell once the attempt is no longer counted. */
  async #attempt(attempt: Attempt): Promise<() => void> {
    const { clock } = this.#context
    const { host } = attempt
    const startedAtMs = clock.now()
    let config: ClientConfig | undefined
    try {
      const { connectTimeoutMs: timeoutMs } = this.#context.options
      const makeError = (): Error =>
        new Error(`it gave no answer within connectTimeoutMs (${String(timeoutMs)} ms)`)
      const opened = await withDeadline(this.#configFor(host), { clock, timeoutMs, makeError })
      config = opened
      const client = await openTraced(this.#context, opened, () =>
        this.#context.driver.open(opened, { timeoutMs, signal: this.#abort.signal }),
      )
      const remainingMs = Math.max(1, timeoutMs - (clock.now() - startedAtMs))
      const slot = await withDeadline(this.#prepare(client, host), {
        clock,
        timeoutMs: remainingMs,
        makeError,
      }).catch(async (error: unknown) => {
        await this.#context.driver.close(client)
        throw error
      })
      return () => {
        this.#succeed(slot, attempt, clock.now() - startedAtMs)
      }
    } catch (cause) {
      const verdict = classifyFailure(cause, { phase: 'connect' })
      const error = createConnectFailedError(cause, config)
      if (verdict.action === 'refresh-credentials' && this.#mayRefresh()) return await this.#attempt(attempt)
      return () => {
        this.#fail({ host, error, verdict }, attempt)
      }
    }
  }

  async #configFor(host: Host): Promise<ClientConfig> {
    const config = withKeepAlive(await resolveConnectionConfig(this.#deps.source))
    return this.#deps.areHostsGiven ? configForHost(config, host) : config
  }

  /** What a function gave may have been changed on the server at that very moment; the same again will not do. */
  #mayRefresh(): boolean {
    if (!isAskedAnew(this.#deps.source) || this.#wereRefused || this.#abort.signal.aborted) return false
    this.#wereRefused = true
    return true
  }

  async #prepare(client: ClientBase, host: Host): Promise<{ slot: Slot; report: RoleReport }> {
    const { hosts, random, onConnect } = this.#deps
    const { clock, options } = this.#context
    // A single host is not asked, until it has been found to be a standby: its name may lead to another one next time.
    const isRoleAsked = !hosts.hasSingleHost || host.role !== 'unknown'
    const report: RoleReport = isRoleAsked ? await askRole(client) : { role: 'unknown' }
    const session = new SessionState(client)
    if (onConnect !== undefined) await onConnect(client)
    await session.takeBaseline()
    const expiresAtMs = clock.now() + drawLifetimeMs(options, random)
    return { slot: new Slot({ client, id: ++this.#lastId, host, session, expiresAtMs }), report }
  }

  #succeed(opened: { slot: Slot; report: RoleReport }, attempt: Attempt, tookMs: number): void {
    const { slot, report } = opened
    const { host, epoch, number } = attempt
    const { hosts, onOpened, onRoleChanged } = this.#deps
    this.connectMs.add(tookMs)
    const width = this.#widths.get(host)
    if (width !== undefined) this.#widths.set(host, width * 2)
    this.#lastErrors.delete(host)
    this.#hasFailed = this.#lastErrors.size > 0
    this.#wereRefused = false
    const nowMs = this.#context.clock.now()
    const { isChanged, superseded } = hosts.recordConnected(host, report.role, nowMs, number)
    // This one is of the new generation: it has told.
    if (isChanged) {
      slot.generation = host.generation
      onRoleChanged(host)
    }
    if (superseded !== undefined) onRoleChanged(superseded)
    if (report.lagMs !== undefined) hosts.recordLag(host, report.lagMs, nowMs)
    if (epoch !== this.#epoch) slot.retireReason = this.#abort.signal.aborted ? 'closed' : 'drained'
    onOpened(slot)
  }

  #fail(failure: OpenFailure, { number }: Attempt): void {
    const { host, error, verdict } = failure
    const nowMs = this.#context.clock.now()
    if (this.#abort.signal.aborted) {
      this.#deps.hosts.abandonAttempt(host, nowMs, number)
      return
    }
    this.#widths.set(host, 1)
    this.#lastErrors.delete(host)
    this.#lastErrors.set(host, error)
    this.#hasFailed = true
    this.#deps.hosts.recordFailure(host, error, verdict, nowMs, number)
    emitSafely(this.#context.onEvent, { kind: 'connection-failed', pool: this.#context.name, error })
    this.#deps.onFailed(failure)
  }
}
