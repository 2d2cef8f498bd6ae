/** One component under load: `step(i)` does one real operation, checks its result, and throws when it is wrong. */
export interface Workload {
  readonly name: string
  step(i: number): Promise<void>
  close(): Promise<void>
}

/** Fails a step with what was expected. */
export function expectThat(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new Error(`expected ${expectation}`)
}

/** A name that no other process or test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`
}

/**
 * Turns a list of operations into a workload: step `i` runs operation `i` modulo their number, after `prepare` ran once.
 * Steps may overlap; each gets a name of its own to work under.
 */
export function rotateOperations(options: {
  readonly name: string
  readonly operations: readonly ((own: string) => Promise<void>)[]
  prepare(): Promise<void>
  close(): Promise<void>
}): Workload {
  const { name, operations } = options
  let prepared: Promise<void> | undefined
  return {
    name,
    async step(i) {
      prepared ??= options.prepare()
      await prepared
      const operation = operations[i % operations.length]!
      try {
        await operation(`${name}-${i}-${Math.random().toString(36).slice(2, 8)}`)
      } catch (error) {
        const label = operation.name === '' ? `#${i % operations.length}` : operation.name
        throw new Error(`${name} step ${i} (${label}): ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        })
      }
    },
    close: () => options.close(),
  }
}
