import ts from 'typescript'
import {
  enclosingFunction,
  isAssignmentOperator,
  isFunctionWithBody,
  methodOf,
  outermost,
  unwrapExpression,
  walk,
  type FunctionLike,
} from '../syntax/syntax'

const maxDepth = 4

/** Methods that call what they are given once for each of many. */
const iterations: ReadonlySet<string> = new Set([
  'map',
  'flatMap',
  'forEach',
  'filter',
  'find',
  'some',
  'every',
  'reduce',
])

/**
 * `const pool = poolFor(tenant)`, `const pool = mayLag ? replica : primary`, `for (const pool of shards)`: whoever calls the function, or the
 * function itself, chooses between pools, and a purpose is no such choice.
 */
export function isChosenPool(name: ts.Identifier, checker: ts.TypeChecker): boolean {
  return isChosenHere(name, checker, functionRunning(name), 0)
}

/** An index that is not the same each time. */
export function isVaryingIndex(index: ts.Expression, checker: ts.TypeChecker): boolean {
  return isVarying(index, checker, functionRunning(index), 0)
}

function isChosenHere(
  expression: ts.Expression,
  checker: ts.TypeChecker,
  home: FunctionLike | ts.SourceFile,
  depth: number,
): boolean {
  const bare = unwrapExpression(expression)
  if (depth > maxDepth) return false
  const follow = (next: ts.Expression): boolean => isChosenHere(next, checker, home, depth + 1)
  if (ts.isIdentifier(bare)) return isChosenName(bare, checker, home, follow)
  if (ts.isSourceFile(home)) return false
  if (ts.isAwaitExpression(bare) || ts.isPropertyAccessExpression(bare)) return follow(bare.expression)
  if (ts.isElementAccessExpression(bare))
    return isVarying(bare.argumentExpression, checker, home, 0) || follow(bare.expression)
  if (ts.isCallExpression(bare))
    return (
      bare.arguments.some((argument) => mentionsParameter(argument, checker, home)) || follow(bare.expression)
    )
  return ts.isConditionalExpression(bare) || isEitherOf(bare)
}

/** `a ?? b`, `a || b`, `a && b` */
function isEitherOf(expression: ts.Expression): boolean {
  return (
    ts.isBinaryExpression(expression) &&
    [
      ts.SyntaxKind.QuestionQuestionToken,
      ts.SyntaxKind.BarBarToken,
      ts.SyntaxKind.AmpersandAmpersandToken,
    ].includes(expression.operatorToken.kind)
  )
}

function isChosenName(
  name: ts.Identifier,
  checker: ts.TypeChecker,
  home: FunctionLike | ts.SourceFile,
  follow: (next: ts.Expression) => boolean,
): boolean {
  const declaration = declarationAround(name, checker)
  if (declaration === undefined) return false
  if (ts.isParameter(declaration)) return isIteration(declaration.parent)
  if (!ts.isVariableDeclaration(declaration)) return false
  if (isOfLoop(declaration)) return true
  if (ts.isSourceFile(home) || functionRunning(declaration) !== home) return false
  const values = [
    ...(declaration.initializer === undefined ? [] : [declaration.initializer]),
    ...valuesAssigned(declaration, home, checker),
  ]
  return values.length > 1 || values.some(follow)
}

/** What a variable is set to after its declaration. */
function valuesAssigned(
  { name, parent }: ts.VariableDeclaration,
  home: FunctionLike,
  checker: ts.TypeChecker,
): readonly ts.Expression[] {
  if (!ts.isIdentifier(name) || (parent.flags & ts.NodeFlags.Const) !== 0) return []
  const symbol = checker.getSymbolAtLocation(name)
  const values: ts.Expression[] = []
  walk(home, (node) => {
    if (!ts.isBinaryExpression(node) || !isAssignmentOperator(node.operatorToken.kind)) return undefined
    const target = unwrapExpression(node.left)
    if (
      ts.isIdentifier(target) &&
      target.text === name.text &&
      checker.getSymbolAtLocation(target) === symbol
    )
      values.push(node.right)
    return undefined
  })
  return values
}

/** `for (const pool of pools)`, `for (let i = 0; …)` */
function isOfLoop({ parent }: ts.VariableDeclaration): boolean {
  const { parent: owner } = parent
  return ts.isForOfStatement(owner) || ts.isForInStatement(owner) || ts.isForStatement(owner)
}

/** `pools.map(async (pool) => …)` */
function isIteration(called: ts.Node): boolean {
  if (!isFunctionWithBody(called) || !ts.isExpression(called)) return false
  const value = outermost(called)
  const { parent } = value
  if (!ts.isCallExpression(parent) || !parent.arguments.includes(value)) return false
  const method = methodOf(parent)?.method
  return method !== undefined && iterations.has(method)
}

function isVarying(
  index: ts.Expression,
  checker: ts.TypeChecker,
  home: FunctionLike | ts.SourceFile,
  depth: number,
): boolean {
  if (depth > maxDepth) return false
  let isFound = false
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node))
      isFound = true
    if (ts.isIdentifier(node)) isFound ||= isVaryingName(node, checker, home, depth)
    ts.forEachChild(node, visit)
  }
  visit(index)
  return isFound
}

function isVaryingName(
  name: ts.Identifier,
  checker: ts.TypeChecker,
  home: FunctionLike | ts.SourceFile,
  depth: number,
): boolean {
  const declaration = declarationAround(name, checker)
  if (declaration === undefined) return false
  if (ts.isParameter(declaration)) return declaration.parent === home || isIteration(declaration.parent)
  if (!ts.isVariableDeclaration(declaration)) return false
  if ((declaration.parent.flags & ts.NodeFlags.Const) === 0 || isOfLoop(declaration)) return true
  const { initializer } = declaration
  return (
    initializer !== undefined &&
    !ts.isSourceFile(enclosingFunction(declaration)) &&
    isVarying(initializer, checker, home, depth + 1)
  )
}

function mentionsParameter(node: ts.Node, checker: ts.TypeChecker, home: FunctionLike): boolean {
  let isMentioned = false
  const visit = (one: ts.Node): void => {
    if (ts.isIdentifier(one)) {
      const declaration = declarationAround(one, checker)
      isMentioned ||= declaration !== undefined && ts.isParameter(declaration) && declaration.parent === home
    }
    ts.forEachChild(one, visit)
  }
  visit(node)
  return isMentioned
}

/** What declares a name; of one that is taken out of a pattern, what the pattern belongs to. */
function declarationAround(name: ts.Identifier, checker: ts.TypeChecker): ts.Node | undefined {
  let declaration: ts.Node | undefined = checker.getSymbolAtLocation(name)?.declarations?.[0]
  while (declaration !== undefined && ts.isBindingElement(declaration))
    declaration = declaration.parent.parent
  return declaration
}

/**
 * The function that is under way at a node: what `new Promise((resolve, reject) => …)` is given, what is called where it is written, and
 * what an iteration is given run as a part of the function around them.
 */
export function functionRunning(node: ts.Node): FunctionLike | ts.SourceFile {
  const around = enclosingFunction(node)
  if (ts.isSourceFile(around)) return around
  const value = ts.isExpression(around) ? outermost(around) : around
  const { parent } = value
  const isExecutor = ts.isNewExpression(parent) && parent.expression.getText() === 'Promise'
  const isCalledHere = ts.isCallExpression(parent) && parent.expression === value
  return isExecutor || isCalledHere || isIteration(around) ? functionRunning(parent) : around
}
