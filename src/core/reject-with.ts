/** A rejection with what was caught, unchanged: for a function that has a synchronous half and answers by promise only. */
export function rejectWith(error: unknown): Promise<never> {
  // Whatever was thrown is passed on, an Error or not.
  const reason = error as Error
  return Promise.reject(reason)
}
