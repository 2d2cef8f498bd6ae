import type { ScopedConnection } from '../../core/connection'

/** What a call site asks for, whichever API it is written in. */
export interface RouteRequest {
  /** Purpose at the service; default the component's. */
  readonly purpose?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly readOnly?: boolean
}

/** One side of the crossing, as the router sees it: both hand out the same kind of handle. */
export interface SidePort {
  /** Names the pool behind the side. */
  readonly pool: string
  /**
   * Hands out a connection; `onReturned` is called once, when it has arrived back where it came from. It is not called when
   * the acquire rejects.
   */
  acquire(
    request: RouteRequest & { readonly purpose: string },
    onReturned: () => void,
  ): Promise<ScopedConnection>
}
