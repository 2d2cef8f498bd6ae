import ts from 'typescript'
import { outermost, walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { removeWithEmptied } from './dead-branches'
import { removeReexports } from './exported-names'
import { endedBy } from './ferries'
import { isPure, removeElement, removeLines } from './removal'
import type { FileEdit, Step } from './step'

/** Functions and methods that steps left with nothing to do: they go with the statements that call them. */
export function removeEmptied(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file) => {
    if (!context.texts.isChanged(file.fileName)) return []
    const steps: Step[] = []
    walk(file, (node) => {
      const isCandidate = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)
      const step = isCandidate && isEmptied(node, context) ? emptied(node, context) : undefined
      if (step !== undefined) steps.push(step)
      return undefined
    })
    return steps
  })
}

function isEmptied(node: ts.FunctionDeclaration | ts.MethodDeclaration, context: CleanupContext): boolean {
  const before = context.texts.originalText(node.getSourceFile().fileName)
  return node.body?.getText().slice(1, -1).trim() === '' && before?.includes(node.getText()) === false
}

function emptied(
  node: ts.FunctionDeclaration | ts.MethodDeclaration,
  context: CleanupContext,
): Step | undefined {
  const { name } = node
  if (name === undefined || !ts.isIdentifier(name) || isPromised(node, context)) return undefined
  const uses = context.references(name).filter((use) => !isPassedOn(use))
  const reexports = removeReexports(name, context)
  const edits: FileEdit[] = [removeLines(node)]
  for (const use of uses) {
    const access = ts.isPropertyAccessExpression(use.parent) && use.parent.name === use ? use.parent : use
    const callee = outermost(access)
    const call = callee.parent
    if (!ts.isCallExpression(call) || call.expression !== callee || !call.arguments.every(isPure))
      return undefined
    const ended = endedBy(call)
    if (ended === undefined || !context.isEditable(use.getSourceFile())) return undefined
    edits.push(
      ended.kind === 'close'
        ? removeWithEmptied(ended.statement)
        : removeElement(ended.element, ended.list.elements),
    )
  }
  if (reexports === undefined) return undefined
  return {
    kind: 'declaration',
    what: name.text,
    path: node.getSourceFile().fileName,
    start: node.getStart(),
    edits: [...edits, ...reexports],
  }
}

/** A method that an interface or a base class asks for has to stay. */
function isPromised(node: ts.FunctionDeclaration | ts.MethodDeclaration, context: CleanupContext): boolean {
  if (!ts.isMethodDeclaration(node)) return false
  if (!ts.isClassLike(node.parent)) return true
  const { name } = node
  return (node.parent.heritageClauses ?? []).some((clause) =>
    clause.types.some(
      (type) =>
        context.checker.getTypeAtLocation(type.expression).getProperty(name.getText()) !== undefined ||
        context.checker.getTypeAtLocation(type).getProperty(name.getText()) !== undefined,
    ),
  )
}
