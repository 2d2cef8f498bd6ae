import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A heap below this is left to itself. */
const comfortableBytes = 110 * 1024 * 1024

/**
 * Makes the engine give back what dropped syntax trees held, when it is much: left to itself it waits until several packages' worth has
 * piled up. Does nothing where the engine does not let itself be asked.
 */
export function createCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('typeof gc === "function" ? gc : () => undefined') as () => void
  // Compiled code is taken from an earlier run only where all flags are the same.
  setFlagsFromString('--no-expose-gc')
  return () => {
    if (process.memoryUsage().heapUsed > comfortableBytes) collect()
  }
}
