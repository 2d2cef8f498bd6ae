import { AcquireTimeoutError, type LeaseHolder } from '../core/errors'

/** What is known beside the holders. */
export interface WaitContext {
  readonly leakThresholdMs: number
  /** Purpose of the lease in whose work the caller waited, when there is one. */
  readonly heldPurpose: string | undefined
  /** Whether callers wait for each other, as it seems. */
  readonly isCircleSuspected: boolean
}

/** Adds to a timeout who holds the connections, for how long, and what to look at; other errors pass as they are. */
export function describeHolders(
  error: unknown,
  holders: readonly LeaseHolder[],
  { leakThresholdMs, heldPurpose, isCircleSuspected }: WaitContext,
): unknown {
  if (!(error instanceof AcquireTimeoutError)) return error
  const message = [
    error.message,
    describeNested(heldPurpose) || describeStall(isCircleSuspected),
    describeLongest(holders),
    adviceFor(holders, leakThresholdMs),
  ]
    .filter(Boolean)
    .join('. ')
  const options = error.cause === undefined ? undefined : { cause: error.cause }
  return new AcquireTimeoutError(message, error.pool, holders, options)
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

function adviceFor(holders: readonly LeaseHolder[], leakThresholdMs: number): string {
  if (holders.length === 0) return ''
  if (leakThresholdMs > 0) return 'longestHolders of this error says where each was acquired'
  return 'Set pool.leakThresholdMs to learn where each was acquired; raise pool.max only when no lease is held too long'
}
