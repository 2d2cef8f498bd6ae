import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { Client } from 'pg'
import type { ServedBy } from '../timeline/records'

/** A unit of work while it runs; statements sent inside it leave their side here. */
export interface ObservedUnit {
  readonly beganAtMs: number
  readonly sides: Set<'legacy' | 'service'>
  hasEnded: boolean
}

export interface UnitObserverOptions {
  /** Says which side a connection is of, by the name it gave itself when it connected. */
  sideOf(applicationName: string): 'legacy' | 'service' | undefined
  now(): number
  onEnd(unit: ObservedUnit, error: string | undefined): void
}

/**
 * Sees which side each unit's statements really went to. It does not ask the ferry: it looks at the connections, as an
 * APM agent does, so it would notice if the ferry were wrong about itself.
 */
export class UnitObserver {
  readonly #storage = new AsyncLocalStorage<ObservedUnit>()

  constructor(readonly options: UnitObserverOptions) {}

  /** Runs `work` as a unit and reports its end. @throws what `work` throws */
  async run(work: () => Promise<void>): Promise<void> {
    const unit = this.#begin()
    try {
      await this.#storage.run(unit, work)
      this.#end(unit, undefined)
    } catch (error) {
      this.#end(unit, error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  /** From now on each request that this process's HTTP servers get is a unit. */
  watchHttpRequests(): void {
    const units = new WeakMap<object, ObservedUnit>()
    subscribe('http.server.request.start', (message) => {
      const { request } = message as { request: object }
      const unit = this.#begin()
      units.set(request, unit)
      this.#storage.enterWith(unit)
    })
    subscribe('http.server.response.finish', (message) => {
      const { request, response } = message as { request: object; response: { statusCode: number } }
      const unit = units.get(request)
      if (unit === undefined) return
      this.#end(unit, response.statusCode >= 500 ? `HTTP ${response.statusCode}` : undefined)
    })
  }

  /** From now on statements are attributed to the unit that sends them. */
  watchStatements(): void {
    const observe = (client: unknown): void => {
      this.#observe(client)
    }
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the client again below
    const original = Client.prototype.query as (...args: unknown[]) => unknown
    const observed = function (this: unknown, ...args: unknown[]): unknown {
      observe(this)
      return original.apply(this, args)
    }
    Object.defineProperty(Client.prototype, 'query', { value: observed, writable: true, configurable: true })
  }

  #observe(client: unknown): void {
    const unit = this.#storage.getStore()
    if (unit === undefined || unit.hasEnded) return
    const { connectionParameters } = client as { connectionParameters?: { application_name?: string } }
    const side = this.options.sideOf(connectionParameters?.application_name ?? '')
    if (side !== undefined) unit.sides.add(side)
  }

  #begin(): ObservedUnit {
    return { beganAtMs: this.options.now(), sides: new Set(), hasEnded: false }
  }

  #end(unit: ObservedUnit, error: string | undefined): void {
    unit.hasEnded = true
    this.options.onEnd(unit, error)
  }
}

/** Sums up the sides that a unit's statements went to. */
export function servedBy(sides: ReadonlySet<'legacy' | 'service'>): ServedBy {
  if (sides.size === 2) return 'both'
  return [...sides][0] ?? 'none'
}
