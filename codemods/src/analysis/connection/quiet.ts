import ts from 'typescript'
import { isNullish } from './connection-uses'
import { isAssignmentOperator, isFunctionWithBody, unwrapExpression } from '../syntax/syntax'

const plainFunctions: ReadonlySet<string> = new Set([
  'Number',
  'String',
  'Boolean',
  'parseInt',
  'parseFloat',
  'BigInt',
])
const plainNamespaces: ReadonlySet<string> = new Set(['Object', 'JSON', 'Math', 'Array', 'Number'])
const plainClasses: ReadonlySet<string> = new Set(['Date', 'Map', 'Set'])
/** Methods of arrays, strings and dates whose names no repository or query builder has. */
const plainMethods: ReadonlySet<string> = new Set([
  'map',
  'filter',
  'flatMap',
  'slice',
  'join',
  'trim',
  'split',
  'includes',
  'startsWith',
  'endsWith',
  'reduce',
  'toLowerCase',
  'toUpperCase',
  'toISOString',
  'toFixed',
])

/**
 * Whether an operation may run while the connection is already on its way back: it neither waits nor touches anything outside the
 * function's own values. Nobody can tell whether it runs a moment before or behind a release.
 */
export function isQuiet(ast: ts.Node): boolean {
  if (ts.isBinaryExpression(ast)) return isQuietBinary(ast)
  if (ts.isCallExpression(ast)) return isQuietCall(ast)
  if (ts.isNewExpression(ast)) return isQuietNew(ast)
  if (isFunctionWithBody(ast)) return true
  return (
    ts.isIdentifier(ast) ||
    ts.isPropertyAccessExpression(ast) ||
    ts.isElementAccessExpression(ast) ||
    ts.isReturnStatement(ast) ||
    ts.isThrowStatement(ast) ||
    ts.isCatchClause(ast) ||
    ts.isCaseClause(ast) ||
    ts.isVariableDeclaration(ast) ||
    ts.isPrefixUnaryExpression(ast) ||
    ts.isLiteralExpression(ast) ||
    ast.kind === ts.SyntaxKind.ThisKeyword ||
    ast.kind === ts.SyntaxKind.NullKeyword
  )
}

/** The same for everything in an expression, the functions in it included: they are taken to be called. */
export function isQuietTree(node: ts.Node): boolean {
  if (ts.isTypeNode(node)) return true
  const isLoud =
    ts.isAwaitExpression(node) ||
    ts.isYieldExpression(node) ||
    ts.isTaggedTemplateExpression(node) ||
    ts.isDeleteExpression(node) ||
    ts.isClassLike(node) ||
    ts.isIterationStatement(node, false) ||
    ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node)) ||
    (ts.isBinaryExpression(node) && isAssignmentOperator(node.operatorToken.kind)) ||
    (ts.isCallExpression(node) && !isQuietCall(node)) ||
    (ts.isNewExpression(node) && !isQuietNew(node))
  return !isLoud && ts.forEachChild(node, (child) => (isQuietTree(child) ? undefined : true)) === undefined
}

function isStep(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): boolean {
  return node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken
}

function isQuietBinary(expression: ts.BinaryExpression): boolean {
  return (
    !isAssignmentOperator(expression.operatorToken.kind) || ts.isIdentifier(unwrapExpression(expression.left))
  )
}

function isQuietCall(call: ts.CallExpression): boolean {
  const callee = unwrapExpression(call.expression)
  if (ts.isIdentifier(callee)) return plainFunctions.has(callee.text)
  if (!ts.isPropertyAccessExpression(callee)) return false
  const owner = unwrapExpression(callee.expression)
  const isNamespace = ts.isIdentifier(owner) && plainNamespaces.has(owner.text)
  if (!isNamespace && !plainMethods.has(callee.name.text)) return false
  return call.arguments.every((argument) => {
    const bare = unwrapExpression(argument)
    if (isFunctionWithBody(bare))
      return ts.isArrowFunction(bare) && bare.modifiers === undefined && isQuietTree(bare.body)
    // A function by name may do anything.
    return isNamespace || ts.isLiteralExpression(bare) || isNullish(bare) || isPlainFunctionName(bare)
  })
}

function isPlainFunctionName(expression: ts.Expression): boolean {
  return ts.isIdentifier(expression) && plainFunctions.has(expression.text)
}

/** An error, or one of the plain collections. */
function isQuietNew(created: ts.NewExpression): boolean {
  const name = unwrapExpression(created.expression)
  return ts.isIdentifier(name) && (plainClasses.has(name.text) || /(Error|Exception)$/.test(name.text))
}

/** Whether an operation has an effect, and stands in the region behind its first statement. */
export function isLateIn(region: readonly ts.Statement[] | undefined, ast: ts.Node): boolean {
  if (region === undefined || isQuiet(ast)) return false
  return region.slice(1).some((statement) => statement.pos <= ast.pos && ast.end <= statement.end)
}

/** `return result.rows` behind a release: the answer is there, so reading it does not fail. */
export function isPlainAnswer(ast: ts.Node | undefined): boolean {
  return ast !== undefined && ts.isPropertyAccessExpression(ast)
}
