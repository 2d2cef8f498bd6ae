import ts from 'typescript'
import { isStatementList } from '../analysis/connection/bracket'
import { releaseExtent, type ReleasePoint } from '../analysis/connection/release-points'
import { outermost, unwrapExpression } from '../analysis/syntax/syntax'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { connectionsText } from './service-call'

/** A release that tells of an error marks the connection in its place: `if (error) connection.discard(error)`. The scope's end closes it. */
export function discardEdits(releases: readonly ReleasePoint[]): readonly TextEdit[] {
  return releases.flatMap((point) => {
    const { statement, told, name } = point
    if (statement === undefined || told.kind === 'nothing' || told.kind === 'unknown') return []
    const error = told.error === undefined ? '' : unwrapExpression(told.error).getText()
    const condition =
      told.kind === 'when' && !isAsked(statement, told.condition)
        ? unwrapExpression(told.condition)
        : undefined
    const asked = [guardOf(point), condition].filter((one) => one !== undefined)
    const conditions = asked.map((one) => (asked.length > 1 ? parenthesized(one) : one.getText()))
    const end = statement.getText().endsWith(';') ? ';' : ''
    const call = `${name}.discard(${error})${end}`
    const text = conditions.length === 0 ? call : `if (${conditions.join(' && ')}) ${call}`
    // Bare in an `if`, it would take the `else` that follows.
    const isBare = !isStatementList(statement.parent) && conditions.length > 0
    return [{ start: statement.getStart(), end: statement.end, text: isBare ? `{ ${text} }` : text }]
  })
}

/** `if (error) release(error)`: the question has been asked. */
function isAsked(statement: ts.Statement, condition: ts.Expression): boolean {
  const { parent } = statement
  const body = ts.isBlock(parent) && parent.statements[0] === statement ? parent : statement
  const outer = body.parent
  if (!ts.isIfStatement(outer) || outer.thenStatement !== body) return false
  return unwrapExpression(outer.expression).getText() === unwrapExpression(condition).getText()
}

/** The left side of `connection && connection.release(error)`. */
function guardOf({ statement, call }: ReleasePoint): ts.Expression | undefined {
  const expression = statement && unwrapExpression(statement.expression)
  if (expression === undefined || !ts.isBinaryExpression(expression)) return undefined
  return outermost(releaseExtent(call)).parent === expression ? unwrapExpression(expression.left) : undefined
}

function parenthesized(expression: ts.Expression): string {
  const isLoose =
    ts.isConditionalExpression(expression) ||
    (ts.isBinaryExpression(expression) &&
      (expression.operatorToken.kind === ts.SyntaxKind.BarBarToken ||
        expression.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken))
  return isLoose ? `(${expression.getText()})` : expression.getText()
}

/** The acquire and every release change by themselves; nothing moves. */
export function callEdits(releases: readonly ReleasePoint[], target: RewriteTarget): readonly TextEdit[] {
  return releases.map((point): TextEdit => {
    const { call, name, told } = point
    const argument =
      told.kind === 'nothing' || told.kind === 'unknown'
        ? undefined
        : (told.error?.getText() ?? (told.kind === 'when' ? told.condition.getText() : 'true'))
    const list = argument === undefined ? name : `${name}, ${argument}`
    return {
      start: call.getStart(),
      end: silencedEnd(call),
      text: `${connectionsText(target.connections)}.releaseConnection(${list})`,
    }
  })
}

/** `release(c).catch(() => {})`: the new release answers with nothing that could be caught. */
export function silencedEnd(call: ts.CallExpression): number {
  let current: ts.Node = outermost(call)
  while (ts.isPropertyAccessExpression(current.parent) && ts.isCallExpression(current.parent.parent))
    current = outermost(current.parent.parent)
  return current.end
}
