import { AsyncLocalStorage } from 'node:async_hooks'
import type { Random } from '../../core/random'
import { rejectWith } from '../../core/reject-with'
import { runThen } from '../../core/run-then'
import type { Side } from '../catalog/side'
import type { SideTable } from './side-table'
import { bucketCount, toBucket } from './unit-bucket'

/** One unit of work of one component; its side is decided when it begins and never again. */
export interface Unit {
  readonly id: number
  readonly component: number
  readonly bucket: number
  readonly side: Side
  /** Generation of the {@link SideTable} that decided. */
  readonly generation: number
  /** Leases out and acquires under way. */
  openCount: number
  hasEnded: boolean
}

/** The units around the running code, by index of the component. */
type UnitContext = readonly (Unit | undefined)[]

/** Begins and ends units, and finds the one that the running code is in. */
export class UnitScope {
  readonly #storage = new AsyncLocalStorage<UnitContext>()
  readonly #table: SideTable
  readonly #random: Random
  readonly #begun: Record<Side, number>[] = []
  #lastId = 0

  constructor(componentCount: number, table: SideTable, random: Random) {
    this.#table = table
    this.#random = random
    for (let index = 0; index < componentCount; index++) this.#begun.push({ legacy: 0, service: 0 })
  }

  /**
   * Runs `work` as one unit. Inside a unit of the same component it joins that one: nested work follows the pin. With a
   * unit of another component around it and no key of its own, it takes over that unit's bucket, so both components agree.
   */
  run<T>(component: number, key: string | undefined, work: () => T | Promise<T>): Promise<T> {
    try {
      if (this.current(component) !== undefined) return Promise.resolve(work())
      const unit = this.begin(component, key)
      const end = (): undefined => {
        unit.hasEnded = true
      }
      return Promise.resolve(runThen(() => this.within(unit, work), end))
    } catch (error) {
      return rejectWith(error)
    }
  }

  /** The unit that an acquire of `component` belongs to; `undefined` when it is a unit of its own. */
  current(component: number): Unit | undefined {
    const unit = this.#storage.getStore()?.[component]
    // Work that a unit left running behind is no part of it; but as long as it holds connections it keeps its side.
    return unit !== undefined && unit.hasEnded && unit.openCount === 0 ? undefined : unit
  }

  /** Runs `work` with `unit` as the current one of its component. */
  within<A extends unknown[], T>(unit: Unit, work: (...args: A) => T, ...args: A): T {
    const context = this.#storage.getStore()?.slice() ?? []
    context[unit.component] = unit
    return this.#storage.run(context, work, ...args)
  }

  begin(component: number, key?: string): Unit {
    const bucket = key === undefined ? (this.#inheritedBucket() ?? this.#randomBucket()) : toBucket(key)
    const side = this.#table.sideOf(component, bucket)
    const begun = this.#begun[component]
    if (begun !== undefined) begun[side] += 1
    const { generation } = this.#table
    return { id: ++this.#lastId, component, bucket, side, generation, openCount: 0, hasEnded: false }
  }

  /** Units begun since the start, by side. */
  begunUnits(component: number): Readonly<Record<Side, number>> {
    return { ...(this.#begun[component] ?? { legacy: 0, service: 0 }) }
  }

  #inheritedBucket(): number | undefined {
    return this.#storage.getStore()?.find((unit) => unit !== undefined && !unit.hasEnded)?.bucket
  }

  #randomBucket(): number {
    return Math.floor(this.#random() * bucketCount)
  }
}
