/**
 * What a fault proxy does with the bytes that pass through it.
 *
 * - `pass`: forwards everything.
 * - `refuse`: nobody listens; a new connection gets "connection refused". Existing ones go on.
 * - `black-hole`: connections are accepted and everything on them is lost, ends of connections too, as behind a
 *   firewall that drops packets. A connection that lost bytes stays lost, whatever mode follows.
 * - `half-open`: nothing moves in either direction and no connection ends; what was held is delivered when the mode
 *   changes, as when a network heals.
 * - `reset`: existing connections and every new one get a reset (RST).
 * - `delay`: every piece arrives `delayMs` later, in order, in both directions.
 * - `cut`: a connection is closed after `afterBytes` bytes from the server, counted from the change to this mode.
 * - `trickle`: the server's bytes arrive `bytesPerTick` at a time, every `everyMs`.
 */
export type FaultMode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'black-hole' }
  | { readonly kind: 'half-open' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'trickle'; readonly bytesPerTick: number; readonly everyMs: number }

/** From the client to the server, or back. */
export type FaultDirection = 'to-server' | 'to-client'
