import { Lease } from '../core/lease'
import type { AcquireRequest } from './pool-strategy'

/**
 * The request of a borrower whose connection has to be cleaned, with its place in the code: where it asked, when that was captured,
 * else where it is giving back just now. Taken only then, because it costs more than a whole lease that leaves nothing behind.
 */
export function withGiveBackStack(request: AcquireRequest): AcquireRequest {
  if (request.stack !== undefined) return request
  return { ...request, stack: stackBelow(Lease.prototype) || stackBelow({ end: withGiveBackStack }) }
}

/** What is on the stack below a call of `end`; '' without such a call. */
function stackBelow({ end }: { readonly end: (...args: never[]) => unknown }): string {
  const place = { name: 'given back here', stack: '' }
  // The frames of the give-back itself would leave no room for those of the borrower.
  Error.captureStackTrace(place, end)
  return place.stack.includes('\n') ? place.stack : ''
}
