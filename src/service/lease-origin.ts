import type { AcquireRequest } from '../pool/pool-strategy'

/**
 * Where a borrower stands in its code. Taking it costs microseconds, so only those who look for leaks pay it; it becomes text,
 * which costs as much again, when somebody reads it.
 */
export class LeaseOrigin {
  /** How the text begins. */
  readonly name = 'acquired here'
  declare readonly stack: string

  constructor() {
    Error.captureStackTrace(this, LeaseOrigin)
  }
}

/** The same request, which can tell where it came from. */
export function withOrigin(request: AcquireRequest, origin: LeaseOrigin): AcquireRequest {
  return {
    ...request,
    get stack() {
      return origin.stack
    },
  }
}

/** For events and errors: absent when nothing was captured. */
export function stackOf(origin: LeaseOrigin | undefined): { readonly stack?: string } {
  return origin === undefined ? {} : { stack: origin.stack }
}
