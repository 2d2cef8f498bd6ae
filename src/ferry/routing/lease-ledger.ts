import { endLease, isLeaseEnded } from '../../core/connection-handle'
import { ForeignConnectionError } from '../../core/errors'
import type { Side } from '../catalog/side'
import type { Unit } from './unit-of-work'

/** Where one connection came from; it goes back there whatever the flags say by then. */
export interface FerryLease {
  readonly component: number
  readonly side: Side
  /** Name of the pool behind the side. */
  readonly pool: string
  /** Generation of the side table when the unit began. */
  readonly generation: number
  readonly unit: Unit
  /** Called once the origin has the connection back. */
  readonly observers: (() => void)[]
  isReturned: boolean
}

/** Knows every lease of the ferry by its handle, and how many are out. */
export class LeaseLedger {
  readonly #byHandle = new WeakMap<object, FerryLease>()
  readonly #handles = new Map<FerryLease, object>()
  readonly #out: Record<Side, number>[] = []
  #openCount = 0
  #drainWaiters: (() => void)[] = []

  constructor(componentCount: number) {
    for (let index = 0; index < componentCount; index++) this.#out.push({ legacy: 0, service: 0 })
  }

  /** Notes an acquire under way; {@link LeaseLedger.failed} or {@link LeaseLedger.returned} ends it. */
  begin(unit: Unit, pool: string): FerryLease {
    unit.openCount += 1
    this.#openCount += 1
    const { component, side, generation } = unit
    return { component, side, pool, generation, unit, observers: [], isReturned: false }
  }

  handedOut(lease: FerryLease, handle: object): void {
    this.#byHandle.set(handle, lease)
    this.#handles.set(lease, handle)
    this.#count(lease, 1)
  }

  failed(lease: FerryLease): void {
    lease.isReturned = true
    this.#close(lease)
  }

  /** The origin has the connection back. */
  returned(lease: FerryLease): void {
    lease.isReturned = true
    if (this.#handles.delete(lease)) this.#count(lease, -1)
    this.#close(lease)
    for (const observer of lease.observers) observer()
  }

  /** The lease behind a handle, ended or not; `undefined` for anything that this ferry did not hand out. */
  find(handle: unknown): FerryLease | undefined {
    return typeof handle === 'object' && handle !== null ? this.#byHandle.get(handle) : undefined
  }

  /**
   * Gives a connection back to where it came from. The promise resolves when it has arrived there, and never rejects.
   *
   * @throws ForeignConnectionError for what this ferry did not hand out, LeaseEndedError for a second give-back; both at
   * the call, with nothing changed.
   */
  giveBack(handle: unknown, error?: unknown): Promise<void> {
    const lease = this.find(handle)
    if (lease === undefined) {
      throw new ForeignConnectionError(
        'the connection was not handed out by this ferry; give it back to whoever it was acquired from',
      )
    }
    endLease(handle as object, error)
    return this.whenReturned(lease)
  }

  whenReturned(lease: FerryLease): Promise<void> {
    if (lease.isReturned) return Promise.resolve()
    return new Promise((resolve) => lease.observers.push(resolve))
  }

  /** Leases out now, by side. */
  outBySide(component: number): Readonly<Record<Side, number>> {
    return { ...(this.#out[component] ?? { legacy: 0, service: 0 }) }
  }

  /** Resolves when nothing is out and no acquire is under way. */
  drained(): Promise<void> {
    if (this.#openCount === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drainWaiters.push(resolve))
  }

  /** Ends every lease under its borrower; the connections are closed. */
  endAll(error: Error): void {
    for (const [lease, handle] of [...this.#handles]) {
      // Ended by its borrower already, and on its way back.
      if (!lease.isReturned && !isLeaseEnded(handle)) endLease(handle, error)
    }
  }

  #count({ component, side }: FerryLease, step: 1 | -1): void {
    const counts = this.#out[component]
    if (counts !== undefined) counts[side] += step
  }

  #close({ unit }: FerryLease): void {
    unit.openCount -= 1
    this.#openCount -= 1
    if (this.#openCount > 0) return
    const waiters = this.#drainWaiters
    this.#drainWaiters = []
    for (const resolve of waiters) resolve()
  }
}
