import type { ScopedConnection } from '../../core/connection'
import type { AcquireOptions } from '../../service/connection-service'
import type { Claim } from '../../service/lease-source'

/** What a call site asks for, whichever API it is written in. */
export interface RouteRequest {
  /** Purpose at the service; default the component's. */
  readonly purpose?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly readOnly?: boolean
  /** Which of several hosts will do; the legacy side knows one only. */
  readonly target?: AcquireOptions['target']
}

/** Most call sites ask for nothing in particular. */
export const plainRequest: RouteRequest = Object.freeze({})

/** Learns that a connection has arrived back where it came from; a second time is no news. */
export interface ReturnTarget {
  returned(): void
}

/** One side of the crossing, as the router sees it: both hand out the same kind of handle. */
export interface SidePort {
  /** Names the pool behind the side. */
  readonly pool: string
  /** Whether a connection is back where it came from as soon as its lease has ended; else `returned` is called later. */
  readonly returnsAtEnd: boolean
  /** Hands out a connection. `target.returned` is not called when the acquire rejects. */
  acquire(purpose: string, request: RouteRequest, target: ReturnTarget): Promise<ScopedConnection>
  /** `acquire` without a promise when there is nothing to wait for; what it throws, it throws without a word to the claim. */
  take?(purpose: string, request: RouteRequest, claim: Claim): ScopedConnection | Promise<ScopedConnection>
  /** What `acquire` does when it need not wait, connect or refuse. Only of a side that `returnsAtEnd`. */
  tryAcquire?(purpose: string, request: RouteRequest): ScopedConnection | undefined
  /** Runs `work` as work that holds `connection` until it ends. */
  readonly runHolding?: <T>(connection: ScopedConnection, work: (connection: ScopedConnection) => T) => T
}
