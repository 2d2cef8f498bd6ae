import { NestedAcquireError } from '../core/errors'
import { onAbort } from '../core/on-abort'
import type { Route } from './route'
import type { Contended, ServiceLease } from './service-lease'

export interface NestedWaitFacts {
  /** What the caller holds of that for which it waits. */
  readonly held: readonly ServiceLease[]
  /** Purpose of the innermost of them. */
  readonly heldPurpose: string
  readonly signal: AbortSignal | undefined
}

/** One acquire that waits inside the work of others; it holds them up until it ends. */
export class NestedWait {
  readonly contended: Contended
  readonly route: Route
  readonly heldPurpose: string
  /** Why it must not go on; the wait is ended by {@link NestedWait.signal} then. */
  refusal: NestedAcquireError | undefined
  /** Called once when the wait ends. */
  onEnd: (() => void) | undefined
  readonly #held: readonly ServiceLease[]
  readonly #controller = new AbortController()
  readonly #stopListening: () => void
  #hasEnded = false

  constructor(contended: Contended, route: Route, { held, heldPurpose, signal }: NestedWaitFacts) {
    this.contended = contended
    this.route = route
    this.heldPurpose = heldPurpose
    this.#held = held
    for (const lease of held) lease.block(contended)
    this.#stopListening = onAbort(signal, () => {
      this.#controller.abort(signal?.reason)
    })
    if (signal?.aborted === true) this.#controller.abort(signal.reason)
  }

  /** Ends the wait, for the caller's own reason or for ours. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What is waited for: the purpose's limit, or the database's pool. */
  get resource(): object {
    return this.contended === 'pool' ? this.route.database : this.route.purpose
  }

  /** The limit, when every lease within it waits for another one. */
  get stuckAt(): number | undefined {
    const { purpose, database } = this.route
    if (this.contended === 'purpose') {
      const { max } = purpose.options
      return purpose.blockedCount >= max ? max : undefined
    }
    const { leased, max } = database.strategy.stats()
    return leased >= max && database.blockedCount >= leased ? max : undefined
  }

  /** The wait is over; again is no harm. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#stopListening()
    for (const lease of this.#held) lease.unblock(this.contended)
    this.onEnd?.()
  }

  /** Ends the wait with an error of its own. */
  refuse(max: number): void {
    this.refusal = new NestedAcquireError(describe(this, max))
    this.#controller.abort(this.refusal)
    this.end()
  }
}

function describe({ contended, route, heldPurpose }: NestedWait, max: number): string {
  const { name, database } = route
  const limit = contended === 'pool' ? 'pool.max' : `purposes.${name}.max`
  const all =
    contended === 'pool'
      ? `all connections of database '${database.options.name}' (max ${String(max)})`
      : `all connections of that purpose (max ${String(max)})`
  return (
    `a connection for purpose '${name}' was asked for by work that holds one for purpose '${heldPurpose}', and ${all} are held ` +
    `by work that waits for another one, so none would ever come back. Pass the connection that is held to the inner call, ` +
    `or raise ${limit}`
  )
}
