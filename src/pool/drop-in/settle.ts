/** What is needed of a promise class that the user may have brought. */
export interface PromiseClass {
  new <T>(
    start: (resolve: (value: T | PromiseLike<T>) => void, reject: (error: unknown) => void) => void,
  ): Promise<T>
}

/**
 * For `catch`: throws the error with the stack of whoever awaits the promise; the driver's own stack begins at the socket. It
 * has to run as a reaction of that very promise.
 */
export function throwWithStack(error: unknown): never {
  if (typeof error === 'object' && error !== null && 'stack' in error) Error.captureStackTrace(error)
  throw error
}
