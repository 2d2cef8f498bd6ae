import type { ScopedConnection } from '../core/connection'
import type { PoolStats } from '../pool/pool-strategy'
import type { AcquireOptions, DatabaseConnectionService } from './connection-service'

/** Learns what became of an acquire in the same turn as its caller, without a promise of its own. Called once, either way. */
export interface Claim {
  /** What it throws is what the acquire rejects with; the connection is then the claim's to give back. */
  lent(connection: ScopedConnection): void
  /** Answers what the acquire rejects with instead of `error`. */
  refused(error: unknown): unknown
}

/** What the caller of a refused acquire is told. */
export function toldBy(claim: Claim | undefined, error: unknown): unknown {
  return claim === undefined ? error : claim.refused(error)
}

/**
 * What our own service can do beyond its public face, for whoever stands between it and a call site. Another implementation of
 * the service lacks it.
 */
export interface LeaseSource {
  /**
   * `acquireConnection` without a promise when there is nothing to wait for.
   *
   * @throws InvalidOptionError, PoolClosedError at the call, without a word to the claim
   */
  take(
    purpose: string,
    options: AcquireOptions | undefined,
    claim: Claim,
  ): ScopedConnection | Promise<ScopedConnection>
  /**
   * What `acquireConnection` does when it need not wait; `undefined` when it would have to wait or be refused.
   *
   * @throws InvalidOptionError, PoolClosedError
   */
  tryAcquire(purpose: string, options: AcquireOptions | undefined): ScopedConnection | undefined
  /** Runs `work` as work that holds `connection` until it ends. */
  runHolding<T>(connection: ScopedConnection, work: (connection: ScopedConnection) => T): T
  /** Of each database, in order; cheaper than all statistics. */
  poolStats(): readonly PoolStats[]
}

/** Where a service keeps its {@link LeaseSource}. */
export const leaseSource = Symbol('pgferry.leaseSource')

export function leaseSourceOf(service: DatabaseConnectionService): LeaseSource | undefined {
  return (service as { readonly [leaseSource]?: LeaseSource })[leaseSource]
}
