import { setMaxListeners } from 'node:events'

/**
 * Calls `listener` once when `signal` is aborted; the answer takes the listener away again. One signal may end many waits at
 * once (that of a shutdown, for instance), so node's warning about the eleventh listener is lifted.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return doNothing
  liftWarning(signal)
  signal.addEventListener('abort', listener, { once: true })
  return () => {
    signal.removeEventListener('abort', listener)
  }
}

function liftWarning(signal: AbortSignal): void {
  try {
    setMaxListeners(0, signal)
  } catch {
    // Not node's own signal (a polyfill, another realm): it has no such warning.
  }
}

function doNothing(): void {
  // Nobody listens.
}
