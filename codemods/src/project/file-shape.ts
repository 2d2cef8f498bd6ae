import type ts from 'typescript'

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
