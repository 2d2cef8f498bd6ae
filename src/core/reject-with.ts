/** A rejection with what was caught, unchanged: for a function that has a synchronous half and answers by promise only. */
export function rejectWith(error: unknown): Promise<never> {
  // Whatever was thrown is passed on, an Error or not.
  const reason = error as Error
  return Promise.reject(reason)
}

/**
 * For `catch`: throws the error with the stack of whoever awaits the promise; the driver's own stack begins at the socket. It
 * has to run as a reaction of that very promise.
 */
export function throwWithStack(error: unknown): never {
  if (typeof error === 'object' && error !== null && 'stack' in error) Error.captureStackTrace(error)
  throw error
}
