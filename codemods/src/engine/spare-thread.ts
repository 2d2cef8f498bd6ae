import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'

/**
 * Syntax trees are many small things that live for a moment: with room for them fewer are moved before they are dropped. They are as deep
 * as the longest expression, which in written data has thousands of operands; a stack takes only the room that it is used for.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 48, stackSizeMb: 32 }
/** The compiler alone takes more than half of it: there is nothing to collect before. */
const initialHeapMb = 96

let spare: Worker | undefined

/** Starts a thread that loads the compiler while others find out what it has to do. Nobody waits for it before it is taken. */
export function prepareThread(): void {
  if (spare !== undefined) return
  const thread = startThread()
  const forget = (): void => {
    if (spare === thread) spare = undefined
  }
  // what keeps this one from starting keeps the next one too, and that one tells
  thread.once('error', forget).once('exit', forget)
  thread.unref()
  spare = thread
}

/** The prepared thread, or a new one. */
export function takeThread(): Worker {
  const taken = spare ?? startThread()
  spare = undefined
  taken.ref()
  return taken
}

function startThread(): Worker {
  // Of a thread's limits this is the one that has no option; it counts for threads that are started from now on.
  setFlagsFromString(`--initial-old-space-size=${String(initialHeapMb)}`)
  return new Worker(join(__dirname, 'package-thread.js'), { resourceLimits })
}
