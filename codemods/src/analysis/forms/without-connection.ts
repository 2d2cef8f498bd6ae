import ts from 'typescript'
import { isQuietTree } from '../connection/quiet'
import { asksFor, conjunctsOf } from '../connection/release-forms'
import { unwrapExpression } from '../syntax/syntax'

/**
 * Whether a catch clause does nothing but throw its error on when the variable holds no connection: `if (client) await client.query('ROLLBACK');
 * throw error`. The acquire may then stand in front of the try: its failure leaves the function the same way, past the clause.
 */
export function rethrowsWithout(clause: ts.CatchClause, name: string, checker: ts.TypeChecker): boolean {
  const caught = clause.variableDeclaration?.name
  if (caught === undefined || !ts.isIdentifier(caught)) return false
  return outcomeOf(clause.block.statements, { name, caught, checker }) === 'throws'
}

interface Clause {
  readonly name: string
  readonly caught: ts.Identifier
  readonly checker: ts.TypeChecker
}

/** What statements do without a connection: nothing, throw the caught error, or something else. */
type Outcome = 'nothing' | 'throws' | 'else'

function outcomeOf(statements: readonly ts.Statement[], clause: Clause): Outcome {
  for (const statement of statements) {
    const outcome = outcomeOfStatement(statement, clause)
    if (outcome !== 'nothing') return outcome
  }
  return 'nothing'
}

function outcomeOfStatement(statement: ts.Statement, clause: Clause): Outcome {
  const { name, caught, checker } = clause
  if (ts.isBlock(statement)) return outcomeOf(statement.statements, clause)
  if (ts.isEmptyStatement(statement)) return 'nothing'
  if (ts.isThrowStatement(statement)) {
    const thrown = unwrapExpression(statement.expression)
    const isSame =
      ts.isIdentifier(thrown) &&
      checker.getSymbolAtLocation(thrown) === checker.getSymbolAtLocation(caught) &&
      !isAssigned(caught, checker)
    return isSame ? 'throws' : 'else'
  }
  if (ts.isExpressionStatement(statement)) return isSkipped(statement.expression, name) ? 'nothing' : 'else'
  if (ts.isIfStatement(statement)) {
    if (!isFalseWithout(statement.expression, name)) return 'else'
    return statement.elseStatement === undefined
      ? 'nothing'
      : outcomeOfStatement(statement.elseStatement, clause)
  }
  if (ts.isTryStatement(statement)) {
    const isQuiet =
      outcomeOf(statement.tryBlock.statements, clause) === 'nothing' &&
      (statement.finallyBlock === undefined ||
        outcomeOf(statement.finallyBlock.statements, clause) === 'nothing')
    return isQuiet ? 'nothing' : 'else'
  }
  return 'else'
}

/** `if (client)`, `if (client && isOpen)`: nothing behind the question for the connection is asked. */
function isFalseWithout(condition: ts.Expression, name: string): boolean {
  const conjuncts = conjunctsOf(condition)
  const asked = conjuncts.findIndex((one) => asksFor(one, name))
  return asked >= 0 && conjuncts.slice(0, asked).every(isQuietTree)
}

/** `await client?.query('ROLLBACK')`, `client && client.query('ROLLBACK')` */
function isSkipped(expression: ts.Expression, name: string): boolean {
  let bare = unwrapExpression(expression)
  while (ts.isAwaitExpression(bare) || ts.isVoidExpression(bare)) bare = unwrapExpression(bare.expression)
  if (ts.isBinaryExpression(bare) && bare.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) {
    const [first] = conjunctsOf(bare)
    return first !== undefined && asksFor(first, name)
  }
  if (!ts.isOptionalChain(bare)) return false
  // The first link asks; what hangs on it in the same chain is skipped with it.
  let link: ts.Expression = bare
  let isAsked = false
  while (ts.isOptionalChain(link)) {
    isAsked = !ts.isNonNullExpression(link) && link.questionDotToken !== undefined
    link = link.expression
  }
  return isAsked && ts.isIdentifier(link) && link.text === name
}

function isAssigned(caught: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = checker.getSymbolAtLocation(caught)
  let isWritten = false
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && ts.isIdentifier(node.left) && isAssignment(node.operatorToken.kind))
      isWritten ||= checker.getSymbolAtLocation(node.left) === symbol
    ts.forEachChild(node, visit)
  }
  visit(caught.parent.parent)
  return isWritten
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
}
