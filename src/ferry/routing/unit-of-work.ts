import { AsyncLocalStorage } from 'node:async_hooks'
import type { Random } from '../../core/random'
import { rejectWith } from '../../core/reject-with'
import { isThenable } from '../../core/run-then'
import type { Side } from '../catalog/side'
import type { SideTable } from './side-table'
import { bucketCount, toBucket } from './unit-bucket'

/** One unit of work of one component; its side is decided when it begins and never again. */
export class Unit {
  readonly component: number
  readonly bucket: number
  readonly side: Side
  /** Generation of the {@link SideTable} that decided. */
  readonly generation: number
  /** The unit of another component around this one. */
  outer: Unit | undefined
  /** Leases out and acquires under way. */
  openCount = 0
  hasEnded = false

  constructor(facts: Pick<Unit, 'component' | 'bucket' | 'side' | 'generation' | 'outer'>) {
    this.component = facts.component
    this.bucket = facts.bucket
    this.side = facts.side
    this.generation = facts.generation
    this.outer = facts.outer
  }
}

/** Begins and ends units, and finds the one that the running code is in. */
export class UnitScope {
  /** The innermost unit around the running code. */
  readonly #storage = new AsyncLocalStorage<Unit>()
  readonly #table: SideTable
  readonly #random: Random
  readonly #begun: Record<Side, number>[] = []

  constructor(componentCount: number, table: SideTable, random: Random) {
    this.#table = table
    this.#random = random
    for (let index = 0; index < componentCount; index++) this.#begun.push({ legacy: 0, service: 0 })
  }

  /** Generation of the table that decides. */
  get generation(): number {
    return this.#table.generation
  }

  /**
   * Runs `work` as one unit. Inside a unit of the same component it joins that one: nested work follows the pin. With a
   * unit of another component around it and no key of its own, it takes over that unit's bucket, so both components agree.
   */
  run<T>(component: number, key: string | undefined, work: () => T | Promise<T>): Promise<T> {
    try {
      const innermost = this.innermost()
      if (this.current(component, innermost) !== undefined) return Promise.resolve(work())
      const unit = this.begin(component, key, innermost)
      let result: T | Promise<T>
      try {
        result = this.#storage.run(unit, work)
      } catch (error) {
        unit.hasEnded = true
        throw error
      }
      if (isThenable(result)) return endWith(unit, result)
      unit.hasEnded = true
      return Promise.resolve(result)
    } catch (error) {
      return rejectWith(error)
    }
  }

  /** The innermost unit around the running code, of whatever component; looking it up costs more than what is done with it. */
  innermost(): Unit | undefined {
    return this.#storage.getStore()
  }

  /** The unit that an acquire of `component` belongs to; `undefined` when it is a unit of its own. */
  current(component: number, innermost: Unit | undefined): Unit | undefined {
    let unit = innermost
    while (unit !== undefined && (unit.component !== component || isOver(unit))) unit = unit.outer
    return unit
  }

  /** Runs `work` with `unit`, which has just begun, as the current one of its component. */
  within<A, B, T>(unit: Unit, work: (first: A, second: B) => T, first: A, second: B): T {
    return this.#storage.run(unit, work, first, second)
  }

  begin(component: number, key: string | undefined, innermost: Unit | undefined): Unit {
    const outer = liveUnit(innermost)
    // Else a chain of units, each begun by what the one before has left running, would keep all of them.
    if (outer !== undefined) outer.outer = liveUnit(outer.outer)
    const bucket = key === undefined ? this.#bucketInside(outer) : toBucket(key)
    const side = this.#decide(component, bucket)
    return new Unit({ component, bucket, side, generation: this.#table.generation, outer })
  }

  /** The side of an acquire that is a unit of its own. */
  decide(component: number, innermost: Unit | undefined): Side {
    // Where all units go the same way, none needs a bucket to be told which.
    const side = this.#table.sideOfAll(component)
    if (side === undefined) return this.#decide(component, this.#bucketInside(innermost))
    this.#count(component, side)
    return side
  }

  /** Units begun since the start, by side. */
  begunUnits(component: number): Readonly<Record<Side, number>> {
    return { ...(this.#begun[component] ?? { legacy: 0, service: 0 }) }
  }

  #decide(component: number, bucket: number): Side {
    const side = this.#table.sideOf(component, bucket)
    this.#count(component, side)
    return side
  }

  #count(component: number, side: Side): void {
    const begun = this.#begun[component]
    if (begun === undefined) return
    if (side === 'service') begun.service += 1
    else begun.legacy += 1
  }

  /** That of the unit around it, the outermost one that has not ended; else chance decides. */
  #bucketInside(innermost: Unit | undefined): number {
    let bucket: number | undefined
    for (let unit = innermost; unit !== undefined; unit = unit.outer) if (!unit.hasEnded) bucket = unit.bucket
    return bucket ?? Math.floor(this.#random() * bucketCount)
  }
}

export function endUnit(unit: Unit | undefined): void {
  if (unit !== undefined) unit.hasEnded = true
}

/** Work that a unit left running behind is no part of it; but as long as it holds connections it keeps its side. */
function isOver(unit: Unit): boolean {
  return unit.hasEnded && unit.openCount === 0
}

/** The nearest unit from `unit` outwards that is not over. */
function liveUnit(unit: Unit | undefined): Unit | undefined {
  let live = unit
  while (live !== undefined && isOver(live)) live = live.outer
  return live
}

function endWith<T>(unit: Unit, result: Promise<T>): Promise<T> {
  const running = result instanceof Promise ? result : Promise.resolve(result)
  return running.then(
    (value: T) => {
      unit.hasEnded = true
      return value
    },
    (error: unknown) => {
      unit.hasEnded = true
      throw error
    },
  )
}
