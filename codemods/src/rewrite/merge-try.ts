import ts from 'typescript'
import { declaredNames } from '../analysis/scope/bracket-obligations'
import { isStatementList, isWithin } from '../analysis/connection/bracket'
import { isFunctionWithBody, walk } from '../analysis/syntax/syntax'
import { layoutOf } from './layout'
import { continuesLine, lineOf } from './remove'

/**
 * Whether the statements of a try block may join those around the try: no name means two things then, nothing reads on from the line in
 * front, nothing stands behind the try on its line. `gone` is a declaration in front that is taken away; `newBlock` are the statements that
 * share a new block with them, where there is one.
 */
export function canMergeTry(
  tryStatement: ts.TryStatement,
  gone: ts.VariableDeclaration | undefined,
  newBlock?: readonly ts.Node[],
): boolean {
  const { parent: list, tryBlock } = tryStatement
  if (!isStatementList(list)) return false
  const sourceFile = tryStatement.getSourceFile()
  const layout = layoutOf(sourceFile)
  if (layout.indentOf(tryBlock) !== layout.indentOf(tryStatement)) return false
  const line = lineOf(sourceFile.text, tryStatement.end)
  if (sourceFile.text.slice(tryStatement.end, line.contentEnd).trim() !== '') return false
  const [first] = tryBlock.statements
  const before = list.statements
    .slice(0, list.statements.indexOf(tryStatement))
    .findLast((one) => gone === undefined || !isWithin(gone, one))
  if (before !== undefined && first !== undefined && continuesLine(before, first)) return false
  const names = new Set([...(gone === undefined ? [] : [gone.name.getText()]), ...namesOf(tryBlock)])
  const around = newBlock ?? [list, ...parametersOf(list.parent)]
  let isFree = true
  const visit = (node: ts.Node): boolean | undefined => {
    if (node === tryStatement || node === gone) return false
    if (ts.isIdentifier(node) && names.has(node.text) && !isMemberName(node)) isFree = false
    return undefined
  }
  for (const node of around) if (visit(node) !== false) walk(node, visit)
  return isFree
}

/** Parameters and catch variables share the scope of the block they belong to. */
function parametersOf(owner: ts.Node): readonly ts.Node[] {
  if (isFunctionWithBody(owner)) return [...owner.parameters]
  return ts.isCatchClause(owner) && owner.variableDeclaration !== undefined ? [owner.variableDeclaration] : []
}

/** Names of the block itself, and of tries in it that may be unwrapped in the same run. */
function namesOf(block: ts.Block): readonly string[] {
  return block.statements.flatMap((statement) => [
    ...declaredNames(statement).map((name) => name.text),
    ...(ts.isTryStatement(statement) ? namesOf(statement.tryBlock) : []),
  ])
}

function isMemberName(identifier: ts.Identifier): boolean {
  const { parent } = identifier
  if (ts.isPropertyAccessExpression(parent)) return parent.name === identifier
  return (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent)) &&
    parent.name === identifier
  )
}
