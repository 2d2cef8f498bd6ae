/** What is needed of a promise class that the user may have brought. */
export interface PromiseClass {
  new <T>(start: (resolve: (value: T | PromiseLike<T>) => void, reject: (error: unknown) => void) => void): Promise<T>
}

/**
 * A rejection whose error tells where it was awaited: the driver's own stack begins at the socket. Costs nothing until there is
 * an error.
 */
export async function rejectWithStack(error: unknown): Promise<never> {
  // The stack is that of whoever awaits this; for that it has to be taken in a turn of its own.
  await undefined
  if (error instanceof Error) Error.captureStackTrace(error)
  throw error
}
