import ts from 'typescript'
import { absentTestOf, presenceTestOf } from '../paths/given-tests'
import { unwrapExpression } from '../syntax/syntax'

/** A statement that takes a connection where none was given. */
export interface Choice {
  readonly statement: ts.Statement
  readonly given: ts.Identifier
}

/** The statement that takes the connection exactly when the given one is absent, and evaluates nothing else that has an effect. */
export function choiceAround(taking: ts.AwaitExpression, name: ts.Identifier): Choice | undefined {
  let value: ts.Expression = taking
  while (ts.isParenthesizedExpression(value.parent)) value = value.parent
  const { parent } = value
  const inIf = ifAround(value, name)
  if (inIf !== undefined) return inIf
  const given = givenBeside(value)
  if (given === undefined) return undefined
  let whole = parent
  while (ts.isParenthesizedExpression(whole.parent)) whole = whole.parent
  if (ts.isVariableDeclaration(whole.parent)) {
    const list = whole.parent.parent
    const isAlone = ts.isVariableDeclarationList(list) && list.declarations.length === 1
    if (!isAlone || !ts.isVariableStatement(list.parent) || list.parent.modifiers !== undefined)
      return undefined
    return { statement: list.parent, given }
  }
  if (
    ts.isBinaryExpression(whole.parent) &&
    whole.parent.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    ts.isExpressionStatement(whole.parent.parent)
  )
    return { statement: whole.parent.parent, given }
  return ts.isExpressionStatement(whole.parent) ? { statement: whole.parent, given } : undefined
}

/** `given ?? …`, `given || …`, `given ??= …`, `given ? given : …` */
function givenBeside(value: ts.Expression): ts.Identifier | undefined {
  const { parent } = value
  if (ts.isBinaryExpression(parent) && parent.right === value) {
    const left = unwrapExpression(parent.left)
    return defaulting.has(parent.operatorToken.kind) && ts.isIdentifier(left) ? left : undefined
  }
  if (!ts.isConditionalExpression(parent)) return undefined
  const other = unwrapExpression(parent.whenTrue === value ? parent.whenFalse : parent.whenTrue)
  if (!ts.isIdentifier(other) || parent.condition === value) return undefined
  const isFine =
    parent.whenFalse === value
      ? presenceTestOf(parent.condition)?.text === other.text
      : absentTestOf(parent.condition)?.text === other.text
  return isFine ? other : undefined
}

const defaulting: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
])

/** `if (!given) c = await acquire()`, `if (given) c = given; else c = await acquire()` */
function ifAround(value: ts.Expression, name: ts.Identifier): Choice | undefined {
  const assignment = value.parent
  if (
    !ts.isBinaryExpression(assignment) ||
    assignment.operatorToken.kind !== ts.SyntaxKind.EqualsToken ||
    unwrapExpression(assignment.left) !== name ||
    !ts.isExpressionStatement(assignment.parent)
  )
    return undefined
  const branch = onlyStatementAround(assignment.parent)
  const statement = branch.parent
  if (!ts.isIfStatement(statement)) return undefined
  const isElse = statement.elseStatement === branch
  const given = isElse ? presenceTestOf(statement.expression) : absentTestOf(statement.expression)
  if (given === undefined) return undefined
  const other = isElse ? statement.thenStatement : statement.elseStatement
  if (other === undefined) return given.text === name.text ? { statement, given } : undefined
  return isPlainCopy(other, name.text, given.text) ? { statement, given } : undefined
}

function onlyStatementAround(statement: ts.Statement): ts.Statement {
  const { parent } = statement
  return ts.isBlock(parent) && parent.statements.length === 1 ? parent : statement
}

/** `c = given` */
function isPlainCopy(statement: ts.Statement, name: string, given: string): boolean {
  if (ts.isBlock(statement)) {
    const [only] = statement.statements
    return statement.statements.length === 1 && only !== undefined && isPlainCopy(only, name, given)
  }
  if (!ts.isExpressionStatement(statement)) return false
  const { expression } = statement
  return (
    ts.isBinaryExpression(expression) &&
    expression.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    expression.left.getText() === name &&
    unwrapExpression(expression.right).getText() === given
  )
}
