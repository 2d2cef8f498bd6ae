import ts from 'typescript'
import type { Bracket } from '../connection/bracket'
import { isWithin } from '../connection/bracket'
import type { ConnectionUse } from '../connection/connection-uses'
import { isQuietTree } from '../connection/quiet'
import { enclosingFunction, isFunctionWithBody, outermost, unwrapExpression } from '../syntax/syntax'

/** What only a session or a transaction can mean: the service would give it a lease, and what it sets would be gone at once. */
const needsSession =
  /^\s*(begin|start|commit|end|rollback|savepoint|release|set|reset|discard|listen|unlisten|notify|lock|declare|fetch|move|close|copy|prepare|execute|deallocate|load)\b|;\s*\S|advisory|\btemp(orary)?\b|set_config|currval|lastval/i

/**
 * The one statement that a lease is taken for, when nothing else happens with the connection: awaited, always run, run once, with nothing
 * of effect between the acquire and it. Then `connections.query()` gives the same answer, and the connection is held for less long.
 */
export function singleStatementOf(
  bracket: Bracket,
  uses: readonly ConnectionUse[],
  checker: ts.TypeChecker,
): ts.CallExpression | undefined {
  // An acquire that fails is not caught by the try behind it; a statement in that try is.
  if (bracket.tryStatement.catchClause !== undefined) return undefined
  const others = uses.filter(
    (use) => use.kind !== 'release' && !isWithin(use.node, bracket.finallyBlock) && use.node !== bracket.name,
  )
  const [only] = others
  if (only?.kind !== 'borrow' || others.length !== 1) return undefined
  const call = queryCallOf(only.node)
  if (call === undefined || !hasPlainArguments(call, checker)) return undefined
  const statement = bracket.tryStatement.tryBlock.statements.find((one) => isWithin(call, one))
  if (statement === undefined || !runsFirst(call, statement)) return undefined
  const before = [
    ...bracket.gap,
    ...bracket.tryStatement.tryBlock.statements.slice(
      0,
      bracket.tryStatement.tryBlock.statements.indexOf(statement),
    ),
  ]
  return before.every(isQuietDeclaration) ? call : undefined
}

/** `await connection.query(…)` in the function itself. */
function queryCallOf(name: ts.Identifier): ts.CallExpression | undefined {
  const access = name.parent
  if (!ts.isPropertyAccessExpression(access) || access.expression !== name || access.name.text !== 'query')
    return undefined
  const call = access.parent
  if (!ts.isCallExpression(call) || call.expression !== access || call.questionDotToken !== undefined)
    return undefined
  return ts.isAwaitExpression(outermost(call).parent) ? call : undefined
}

/** A text or a configuration, values perhaps; nothing that streams, calls back, or does something when it is evaluated. */
function hasPlainArguments(call: ts.CallExpression, checker: ts.TypeChecker): boolean {
  const [statement, values, more] = call.arguments
  if (statement === undefined || more !== undefined) return false
  if (!call.arguments.every((one) => !ts.isSpreadElement(one) && isQuietTree(one))) return false
  if (hasOtherSettings(statement)) return false
  if (values !== undefined && isFunctionWithBody(unwrapExpression(values))) return false
  const text = textOf(statement, checker)
  return text === undefined ? values !== undefined : !needsSession.test(text)
}

/** `{ text, rowMode: 'array' }`, `{ ...config }`: more than the service knows of. */
function hasOtherSettings(statement: ts.Expression): boolean {
  const bare = unwrapExpression(statement)
  return (
    ts.isObjectLiteralExpression(bare) &&
    bare.properties.some((one) => !/^(text|values|name)$/.test(one.name?.getText() ?? ''))
  )
}

/** The text of the statement, as far as it is written in this file; templates count with what stands between their parts. */
function textOf(expression: ts.Expression, checker: ts.TypeChecker, depth = 0): string | undefined {
  const bare = unwrapExpression(expression)
  if (depth > 4) return undefined
  if (ts.isStringLiteralLike(bare)) return bare.text
  if (ts.isTemplateExpression(bare))
    return bare.head.text + bare.templateSpans.map((span) => ` $ ${span.literal.text}`).join('')
  if (ts.isBinaryExpression(bare) && bare.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const left = textOf(bare.left, checker, depth + 1)
    return left === undefined ? undefined : left + (textOf(bare.right, checker, depth + 1) ?? ' $ ')
  }
  if (ts.isObjectLiteralExpression(bare)) {
    const text = bare.properties.find((one) => one.name?.getText() === 'text')
    return text !== undefined && ts.isPropertyAssignment(text)
      ? textOf(text.initializer, checker, depth + 1)
      : undefined
  }
  if (!ts.isIdentifier(bare)) return undefined
  const declaration = checker.getSymbolAtLocation(bare)?.declarations?.[0]
  return declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer !== undefined &&
    (declaration.parent.flags & ts.NodeFlags.Const) !== 0
    ? textOf(declaration.initializer, checker, depth + 1)
    : undefined
}

/** Whether nothing of the statement runs in front of the call: it is the innermost thing of what is returned, bound or thrown away. */
function runsFirst(call: ts.CallExpression, statement: ts.Statement): boolean {
  if (enclosingFunction(call) !== enclosingFunction(statement)) return false
  for (let current: ts.Node = call; current.parent !== statement; current = current.parent) {
    const { parent } = current
    const isFirst =
      ts.isAwaitExpression(parent) ||
      (ts.isExpression(parent) && 'expression' in parent && parent.expression === current) ||
      (ts.isVariableDeclaration(parent) && parent.initializer === current) ||
      (ts.isVariableDeclarationList(parent) && parent.declarations[0] === current) ||
      (ts.isBinaryExpression(parent) &&
        (parent.left === current ||
          (parent.operatorToken.kind === ts.SyntaxKind.EqualsToken && ts.isIdentifier(parent.left))))
    if (!isFirst) return false
  }
  return (
    ts.isReturnStatement(statement) ||
    ts.isVariableStatement(statement) ||
    ts.isExpressionStatement(statement)
  )
}

function isQuietDeclaration(statement: ts.Statement): boolean {
  return (
    ts.isVariableStatement(statement) &&
    statement.declarationList.declarations.every(
      ({ name, initializer }) =>
        ts.isIdentifier(name) && (initializer === undefined || isQuietTree(initializer)),
    )
  )
}
