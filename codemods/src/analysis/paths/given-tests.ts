import ts from 'typescript'
import { isNullish } from '../connection/connection-uses'
import { unwrapExpression } from '../syntax/syntax'

/** The variable of which a condition says that it is there: `given`, `!!given`, `given != null`. */
export function presenceTestOf(condition: ts.Expression): ts.Identifier | undefined {
  const bare = unwrapExpression(condition)
  if (ts.isIdentifier(bare)) return isNullish(bare) ? undefined : bare
  if (ts.isPrefixUnaryExpression(bare) && bare.operator === ts.SyntaxKind.ExclamationToken)
    return absentTestOf(bare.operand)
  if (isCallOfBoolean(bare)) return bare.arguments[0] && presenceTestOf(bare.arguments[0])
  return comparedWithNothing(
    bare,
    ts.SyntaxKind.ExclamationEqualsToken,
    ts.SyntaxKind.ExclamationEqualsEqualsToken,
  )
}

/** The variable of which a condition says that it is not there: `!given`, `given == null`, `given === undefined` where no null can be. */
export function absentTestOf(condition: ts.Expression): ts.Identifier | undefined {
  const bare = unwrapExpression(condition)
  if (ts.isPrefixUnaryExpression(bare) && bare.operator === ts.SyntaxKind.ExclamationToken)
    return presenceTestOf(bare.operand)
  return comparedWithNothing(bare, ts.SyntaxKind.EqualsEqualsToken, ts.SyntaxKind.EqualsEqualsEqualsToken)
}

function isCallOfBoolean(expression: ts.Expression): expression is ts.CallExpression {
  return (
    ts.isCallExpression(expression) &&
    expression.expression.getText() === 'Boolean' &&
    expression.arguments.length === 1
  )
}

/** `==` knows no difference between null and undefined; `===` asks for one of them, and the other may be what was given. */
function comparedWithNothing(
  expression: ts.Expression,
  loose: ts.SyntaxKind,
  strict: ts.SyntaxKind,
): ts.Identifier | undefined {
  if (!ts.isBinaryExpression(expression)) return undefined
  const [value, nothing] = isNullish(expression.right)
    ? [unwrapExpression(expression.left), expression.right]
    : [unwrapExpression(expression.right), expression.left]
  if (!isNullish(nothing) || !ts.isIdentifier(value)) return undefined
  const operator = expression.operatorToken.kind
  if (operator === loose) return value
  return operator === strict && isUndefinedOnly(value, nothing) ? value : undefined
}

/** A parameter `given?: T` of a type without null, compared with undefined. */
function isUndefinedOnly(value: ts.Identifier, nothing: ts.Expression): boolean {
  if (unwrapExpression(nothing).kind === ts.SyntaxKind.NullKeyword) return false
  const parameter = ts
    .findAncestor(value, (node) => ts.isFunctionLike(node))
    ?.parameters.find((one) => ts.isIdentifier(one.name) && one.name.text === value.text)
  const type = parameter?.type?.getText()
  return (
    type !== undefined && parameter?.questionToken !== undefined && !/\bnull\b|\bany\b|\bunknown\b/.test(type)
  )
}
