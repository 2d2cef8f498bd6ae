import type { Pool } from 'pg'
import { systemClock, type TimerHandle } from '../core/clock'
import { PoolClosedError } from '../core/errors'
import { checkOptions, isDurationMs } from '../core/options'
import { systemRandom } from '../core/random'
import { rejectWith } from '../core/reject-with'
import type { DatabaseConnectionService } from '../service/connection-service'
import {
  defaultMaxconn,
  resolveComponents,
  type FerryDeps,
  type FerryOptions,
  type ResolvedComponent,
} from './ferry-options'
import type { ComponentStatus, FerryStatus } from './ferry-status'
import { fileFlags } from './flags/file-flags'
import { createDelegatePool, type DelegatePool } from './legacy-api/delegate-pool'
import { createInfraDelegate, type InfraDelegate } from './legacy-api/infra-delegate'
import { createResilientPoolManager, type ResilientPoolManager } from './legacy-api/resilient-pool-manager'
import { createRoutedPgPool } from './legacy-api/routed-pg-pool'
import { ComponentRouter } from './routing/component-router'
import { ConnectionBudget } from './routing/connection-budget'
import { unknownNameError } from './routing/known-name'
import { LeaseLedger } from './routing/lease-ledger'
import { createLegacySide } from './routing/legacy-side'
import { createLegacyPhysical, createServicePhysical } from './routing/physical-sides'
import { createRoutedConnections } from './routing/routed-connections'
import { createServiceSide } from './routing/service-side'
import { SideTable } from './routing/side-table'
import { bucketCount } from './routing/unit-bucket'
import { UnitScope } from './routing/unit-of-work'

/** The crossing of one process: both APIs over both sides, and who goes where. */
export interface Ferry extends AsyncDisposable {
  /** @throws InvalidOptionError for a name that is no component, with the nearest one that is */
  component(name: string): FerryComponent
  /**
   * Runs `work` (a request, a job) as one unit of work of a component: all its connections are of one side, whatever the flags
   * do meanwhile. Inside a unit of the same component it joins that one. A retry is a new unit.
   *
   * @param options `key` names the unit (a user, a tenant): the same key is on the same side as long as the share is; without
   * it the unit agrees with a unit of another component around it, else chance decides.
   */
  unitOfWork<T>(
    component: string,
    work: () => T | Promise<T>,
    options?: { readonly key?: string },
  ): Promise<T>
  /**
   * The kill switch of this process: units that begin from now on are on the legacy side, those of one component or all.
   * Each scope is a switch of its own; reasons add up.
   */
  forceLegacy(reason: string, component?: string): void
  /** Takes back what {@link Ferry.forceLegacy} did with the same scope; other scopes hold. */
  releaseForce(component?: string): void
  status(): FerryStatus
  /**
   * Takes no new leases, and resolves when all are back where they came from; after `timeoutMs` (default 10,000) the rest is
   * closed under its borrowers. Service, legacy backend and a flag source that was handed in stay open.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}

/** Every way in which the call sites of one component are, or will be, written. */
export interface FerryComponent {
  readonly name: string
  /** The new API, routed by flag. */
  readonly connections: DatabaseConnectionService
  /** @deprecated Use {@link FerryComponent.connections}. Dialect: infra-delegate. */
  readonly infra: InfraDelegate
  /** @deprecated Use {@link FerryComponent.connections}. Dialects: psycopg2-pool, context-manager. */
  readonly pools: ResilientPoolManager
  /** @deprecated Use {@link FerryComponent.connections}. Dialect: psycopg2-pool. */
  readonly delegatePool: DelegatePool
  /** @deprecated Use {@link FerryComponent.connections}. Dialect: node-postgres. */
  readonly pgPool: Pool
}

/** Milliseconds that {@link Ferry.close} waits for leases. */
export const defaultCloseTimeoutMs = 10_000

/**
 * Makes the ferry between the old way to get connections and the new service.
 *
 * @throws InvalidOptionError naming option, received and expected value
 * @example
 * const ferry = createFerry({
 *   service,
 *   legacy: fromPgPool(pool),
 *   flags: fileFlags('flags/pgferry.json'),
 *   components: [{ name: 'portals', stage: 'live' }],
 * })
 * const { infra } = ferry.component('portals')
 */
export function createFerry(options: FerryOptions, deps: FerryDeps = {}): Ferry {
  return new FerryRuntime(options, resolveComponents(options), deps)
}

class FerryRuntime implements Ferry {
  readonly #options: FerryOptions
  readonly #resolved: readonly ResolvedComponent[]
  /** By name. */
  readonly #indexes: ReadonlyMap<string, number>
  readonly #clock
  readonly #flags
  readonly #table: SideTable
  readonly #scope: UnitScope
  readonly #ledger: LeaseLedger
  readonly #budget: ConnectionBudget | undefined
  readonly #routers: readonly ComponentRouter[]
  readonly #components: readonly FerryComponent[]
  #closing: Promise<void> | undefined
  #isOverdue = false

  constructor(options: FerryOptions, resolved: readonly ResolvedComponent[], deps: FerryDeps) {
    this.#options = options
    this.#resolved = resolved
    this.#indexes = new Map(resolved.map(({ name }, index) => [name, index]))
    this.#clock = deps.clock ?? systemClock
    this.#flags = options.flags ?? fileFlags()
    this.#flags.useComponents?.(resolved.map(({ name }) => name))
    this.#table = new SideTable(resolved, this.#flags)
    this.#scope = new UnitScope(resolved.length, this.#table, deps.random ?? systemRandom)
    this.#ledger = new LeaseLedger()
    const budget = this.#createBudget()
    this.#budget = budget
    if (budget !== undefined) {
      this.#ledger.onReturned = () => {
        budget.changed()
      }
    }
    const routerDeps = {
      sides: {
        legacy: createLegacySide(options.legacy, this.#clock, deps.events),
        service: createServiceSide(options.service),
      },
      scope: this.#scope,
      ledger: this.#ledger,
      budget: this.#budget,
      clock: this.#clock,
      isClosed: () => this.#closing !== undefined,
      isOverdue: () => this.#isOverdue,
    }
    this.#routers = resolved.map(
      ({ name, purpose }, index) => new ComponentRouter(name, index, purpose, routerDeps),
    )
    this.#components = this.#routers.map((router, index) => this.#createComponent(router, resolved[index]))
  }

  component(name: string): FerryComponent {
    return this.#components[this.#indexOf(name)] as FerryComponent
  }

  unitOfWork<T>(
    component: string,
    work: () => T | Promise<T>,
    options?: { readonly key?: string },
  ): Promise<T> {
    try {
      return this.#scope.run(this.#indexOf(component), options?.key, work)
    } catch (error) {
      return rejectWith(error)
    }
  }

  forceLegacy(reason: string, component?: string): void {
    if (component !== undefined) this.#indexOf(component)
    this.#table.force(reason, component)
  }

  releaseForce(component?: string): void {
    if (component !== undefined) this.#indexOf(component)
    this.#table.release(component)
  }

  status(): FerryStatus {
    const snapshot = this.#flags.snapshot()
    const budget = this.#budget
    return {
      generation: this.#table.generation,
      flags: {
        kind: this.#flags.kind,
        generation: snapshot.generation,
        ageMs: Math.max(0, this.#clock.wallClockMs() - snapshot.takenAtMs),
        health: this.#flags.health(),
      },
      components: this.#routers.map((router) => this.#statusOf(router)),
      ...(budget === undefined
        ? {}
        : {
            budget: {
              maxConnections: budget.maxConnections,
              used: budget.used(),
              bySide: { legacy: budget.sides.legacy.count(), service: budget.sides.service.count() },
              waiting: budget.waitingCount,
            },
          }),
    }
  }

  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions('close', options, { timeoutMs: isDurationMs() })
    this.#closing ??= this.#drain(options.timeoutMs ?? defaultCloseTimeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #drain(timeoutMs: number): Promise<void> {
    let timer: TimerHandle | undefined
    const overdue = new Promise<void>((resolve) => {
      timer = this.#clock.setTimer(resolve, timeoutMs)
    }).then(() => {
      this.#isOverdue = true
      this.#budget?.close()
      this.#ledger.endAll(new PoolClosedError('the ferry was closed while the connection was out'))
    })
    await Promise.race([this.#ledger.drained(), overdue])
    if (timer !== undefined) this.#clock.clearTimer(timer)
    this.#table.close()
    if (this.#options.flags === undefined) await this.#flags.close()
  }

  #indexOf(name: string): number {
    const index = this.#indexes.get(name)
    if (index !== undefined) return index
    throw unknownNameError('component', 'component', name, [...this.#indexes.keys()])
  }

  #createComponent(router: ComponentRouter, resolved: ResolvedComponent | undefined): FerryComponent {
    const pools = resolved?.pools ?? { limits: undefined, acquireTimeoutMs: undefined }
    const infra = createInfraDelegate(router)
    return Object.freeze({
      name: router.name,
      connections: createRoutedConnections(router, this.#options.service),
      infra,
      pools: createResilientPoolManager(router, pools),
      delegatePool: createDelegatePool(infra, router, pools),
      pgPool: createRoutedPgPool(router, defaultMaxconn(this.#options)),
    })
  }

  #createBudget(): ConnectionBudget | undefined {
    const { budget, legacy, service } = this.#options
    if (budget === undefined) return undefined
    const leased = (): number => this.#ledger.outBySide().legacy
    const sides = { legacy: createLegacyPhysical(legacy, leased), service: createServicePhysical(service) }
    return new ConnectionBudget(budget.maxConnections, sides, this.#clock)
  }

  #statusOf(router: ComponentRouter): ComponentStatus {
    const { index, name, purpose } = router
    const rule = this.#table.ruleOf(index)
    const { shares } = this.#flags.snapshot()
    return {
      name,
      stage: this.#resolved[index]?.stage ?? 'off',
      purpose,
      flagShare: Object.hasOwn(shares, name) ? shares[name] : undefined,
      share: rule.threshold / bucketCount,
      reason: rule.reason,
      forced: this.#table.forcedReasons(name),
      leases: this.#ledger.outBySide(index),
      units: this.#scope.begunUnits(index),
      acquires: router.counters.read(),
    }
  }
}
