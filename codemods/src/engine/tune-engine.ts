import { setFlagsFromString } from 'node:v8'

/** By the first number of V8's version: a flag that an engine does not know it complains about. */
const tiering: Readonly<Record<string, readonly string[]>> = {
  // Node 20
  11: ['--interrupt-budget=400000', '--interrupt-budget-factor-for-feedback-allocation=2'],
  // Node 22; Node 24 has a compiler in between and needs nothing.
  12: ['--invocation-count-for-turbofan=18000'],
}

/**
 * Fits the engine to a process that is over in seconds. To be called before anything large is loaded, and for threads before they are
 * started.
 */
export function tuneEngine(): void {
  // Syntax trees live for a package and are dropped: a heap that grows in small steps stays small, for a few percent more time.
  setFlagsFromString('--heap-growing-percent=40')
  // The compiler is a large program of which no part runs for long: most of what would be optimised at the usual time is so for nothing,
  // and takes a second processor all the while.
  const [generation = ''] = process.versions.v8.split('.')
  for (const flag of tiering[generation] ?? []) setFlagsFromString(flag)
}
