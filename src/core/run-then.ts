/** The value, once `last` is done. */
export function thenAnswer<T>(last: Promise<void> | undefined, value: T): T | Promise<T> {
  return last === undefined ? value : last.then(() => value)
}

/** Throws the error; with a `last`, rejects with it once that is done. */
export function thenThrow(last: Promise<void> | undefined, error: unknown): Promise<never> {
  const reason = error as Error
  if (last === undefined) throw reason
  return last.then(() => {
    throw reason
  })
}

/** Whether something has to be waited for. */
export function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
