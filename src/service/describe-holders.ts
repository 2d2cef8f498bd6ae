import { AcquireTimeoutError, PoolSaturatedError, type LeaseHolder, type PoolSnapshot } from '../core/errors'

/** What is known beside the holders. */
export interface WaitContext {
  /** The pool, for an error that does not tell: a purpose's limit knows nothing of it. */
  readonly pool: () => PoolSnapshot
  readonly leakThresholdMs: number
  /** Purpose of the lease in whose work the caller waited, when there is one. */
  readonly heldPurpose: string | undefined
  /** Whether callers wait for each other, as it seems. */
  readonly isCircleSuspected: boolean
}

/**
 * Adds to a timeout, and to a refusal for the length of the queue, who holds the connections, for how long, and what to look at;
 * other errors pass as they are, and so does one that says so already.
 */
export function describeHolders(
  error: unknown,
  holders: readonly LeaseHolder[],
  { pool: snapshot, leakThresholdMs, heldPurpose, isCircleSuspected }: WaitContext,
): unknown {
  const isLate = error instanceof AcquireTimeoutError
  if (!isLate && !(error instanceof PoolSaturatedError)) return error
  if (error.longestHolders.length > 0) return error
  const message = [
    error.message.replace(/\.$/, ''),
    describeNested(heldPurpose) || describeStall(isCircleSuspected),
    describeLongest(holders),
    adviceFor(holders, leakThresholdMs, error.pool === undefined ? 'the limit' : 'pool.max'),
  ]
    .filter(Boolean)
    .join('. ')
  const { pool = snapshot(), cause } = error
  if (!isLate) return new PoolSaturatedError(message, pool, holders)
  return new AcquireTimeoutError(message, pool, holders, cause === undefined ? undefined : { cause })
}

function describeNested(heldPurpose: string | undefined): string {
  if (heldPurpose === undefined) return ''
  return `The caller holds a connection itself, for purpose '${heldPurpose}': pass that one down, or enough callers at once wait for each other`
}

function describeStall(isCircleSuspected: boolean): string {
  if (!isCircleSuspected) return ''
  return 'Callers waited and no lease ended: if the work that holds the connections asks for further ones, it waits for itself (nested acquire)'
}

function describeLongest(holders: readonly LeaseHolder[]): string {
  if (holders.length === 0) return ''
  const longest = holders
    .slice(0, 3)
    .map(({ purpose, heldMs }) => `'${purpose}' for ${String(Math.round(heldMs))} ms`)
  return `Held longest: ${longest.join(', ')}`
}

function adviceFor(holders: readonly LeaseHolder[], leakThresholdMs: number, limit: string): string {
  if (holders.length === 0) return ''
  if (leakThresholdMs > 0) return 'longestHolders of this error says where each was acquired'
  return `Set pool.leakThresholdMs to learn where each was acquired; raise ${limit} only when no lease is held too long`
}
