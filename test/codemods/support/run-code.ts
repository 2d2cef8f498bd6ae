import { transformSync } from '@swc/core'
import { recordingLayer, type ConnectionSource, type Trace } from './recording-layer'

export interface Outcome {
  readonly trace: Trace
  /** The value as JSON, or the error's message. */
  readonly result: string
  readonly operations: number
}

/** Compiles as the test run itself does and calls the exported `run`. */
export async function runCode(
  code: string,
  source: ConnectionSource,
  failing: number,
  flips = 0,
): Promise<Outcome> {
  const layer = recordingLayer(source, failing, flips)
  const exported = load(code, layer.module)
  const { run } = exported
  if (typeof run !== 'function') throw new TypeError('the code exports no run()')
  let result: string
  try {
    result = `value ${JSON.stringify((await (run as () => Promise<unknown>)()) ?? null)}`
  } catch (error) {
    result = `error ${(error as Error).message}`
  }
  // Work that nobody waits for is part of the trace: it ends before the trace is read.
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  layer.reclaim()
  return { trace: layer.trace, result, operations: layer.failureCount() }
}

/** Whether an engine accepts the code at all: a generator may declare a name twice. */
export function isRunnable(code: string): boolean {
  try {
    load(code, {})
    return true
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      String(error).includes('Syntax Error') ||
      String(error).includes('defined multiple times')
    )
      return false
    throw error
  }
}

const compiled = new Map<string, string>()

function load(code: string, database: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = compiled.get(code)
  const javascript =
    known ??
    transformSync(code, {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    }).code
  compiled.set(code, javascript)
  const module: { exports: Record<string, unknown> } = { exports: {} }
  const requireDatabase = (specifier: string): unknown => {
    if (/(^|\/)database$/.test(specifier)) return database
    throw new Error(`a fixture may only import ./database, not ${specifier}`)
  }
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- running the compiled text is the point
  new Function('module', 'exports', 'require', javascript)(module, module.exports, requireDatabase)
  return module.exports
}
