import { readFileSync } from 'node:fs'
import type { ts } from 'ts-morph'

/** Whether what a file shows to others, as its declarations, is the same in both programs. Unknown counts as no. */
export function hasSameShape(path: string, one: ts.Program, other: ts.Program): boolean {
  const shape = shapeOf(path, one)
  return shape !== undefined && shape === shapeOf(path, other)
}

function shapeOf(path: string, program: ts.Program): string | undefined {
  const file = program.getSourceFile(path)
  if (file === undefined) return undefined
  const emitted: string[] = []
  const { emitSkipped, diagnostics } = program.emit(
    file,
    (_name, text) => emitted.push(text),
    undefined,
    true,
  )
  return emitSkipped || diagnostics.length > 0 ? undefined : emitted.join('\0')
}

/** Whether a file may tell others something without being imported: declarations, scripts, and what adds to globals or modules. */
export function affectsEveryFile(path: string): boolean {
  if (/\.d\.[cm]?ts$/.test(path)) return true
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // one that is not there tells nothing; who imports it will hear of it
    return false
  }
  return /\bdeclare\s+(global|module)\b/.test(text) || !/^\s*(import|export)\b|\}\s*export\b/m.test(text)
}
