/**
 * What `try { return await run() } finally { await done() }` does, without a promise where there is nothing to wait for: then it
 * answers or throws at once.
 */
export function runThen<T>(run: () => T | Promise<T>, done: () => Promise<void> | undefined): T | Promise<T> {
  let result: T | Promise<T>
  try {
    result = run()
  } catch (error) {
    return thenThrow(done(), error)
  }
  if (!isThenable<T>(result)) return thenAnswer(done(), result)
  const running: Promise<T> = result instanceof Promise ? result : Promise.resolve(result)
  return running.then(
    (value: T) => thenAnswer(done(), value),
    (error: unknown) => thenThrow(done(), error),
  )
}

function thenAnswer<T>(last: Promise<void> | undefined, value: T): T | Promise<T> {
  return last === undefined ? value : last.then(() => value)
}

function thenThrow(last: Promise<void> | undefined, error: unknown): Promise<never> {
  const reason = error as Error
  if (last === undefined) throw reason
  return last.then(() => {
    throw reason
  })
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
