import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { matchesPattern } from './flag-roots'
import { rulesOf } from './fold-flags'
import { removeElement } from './removal'
import type { Step } from './step'

/** Names of flags in an enum or an object of constants that no check asks for any more. */
export function removeStaleFlagNames(context: CleanupContext): readonly Step[] {
  const patterns = rulesOf(context).flatMap((rule) => ('call' in rule ? [rule.argument] : []))
  return context.editable().flatMap((file) => {
    const steps: Step[] = []
    walk(file, (node) => {
      if (!ts.isEnumMember(node) && !ts.isPropertyAssignment(node)) return undefined
      const { name, initializer } = node
      if (!ts.isIdentifier(name) || initializer === undefined || !ts.isStringLiteralLike(initializer))
        return undefined
      const isFlag = patterns.some((pattern) => matchesPattern(initializer.text, pattern))
      if (
        !isFlag ||
        !context.suspects.has(name.text) ||
        !isConstant(node) ||
        context.references(name).length > 0
      )
        return undefined
      const list = ts.isEnumMember(node) ? node.parent.members : node.parent.properties
      const edits = [removeElement(node, list)]
      steps.push({ kind: 'flag', what: node.getText(), path: file.fileName, start: node.getStart(), edits })
      return undefined
    })
    return steps
  })
}

/** A member that is only ever named: of an enum, or of a constant object that is never handed on as a whole. */
function isConstant(node: ts.EnumMember | ts.PropertyAssignment): boolean {
  if (ts.isEnumMember(node)) return true
  const { parent } = node.parent
  const holder = ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent) ? parent.parent : parent
  return (
    ts.isVariableDeclaration(holder) &&
    holder.type === undefined &&
    (ts.getCombinedNodeFlags(holder) & ts.NodeFlags.Const) !== 0 &&
    ts.isSourceFile(holder.parent.parent.parent)
  )
}
