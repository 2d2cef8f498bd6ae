import ts from 'typescript'
import type { Bracket } from '../connection/bracket'
import { isWithin } from '../connection/bracket'
import { nameSeenOutside } from './bracket-obligations'
import type { ScopePlan } from './scope'
import {
  enclosingFunction,
  isAssignmentOperator,
  isFunctionWithBody,
  unwrapExpression,
  walk,
} from '../syntax/syntax'

/** How the body of a bracket leaves it, as far as a callback in its place would have to imitate it. */
export interface Completions {
  readonly returns: readonly ts.ReturnStatement[]
  /** `yield`, `arguments`, `break` or `continue` to the outside, `super`: nothing a callback can do. */
  readonly hasForeign: boolean
  /** Whether the try statement can be left at its end. */
  readonly fallsThrough: boolean
}

export function completionsOf(bracket: Bracket | ScopePlan): Completions {
  const returns: ts.ReturnStatement[] = []
  let hasForeign = false
  const region = bodyOf(bracket)
  const visit = (node: ts.Node): boolean | undefined => {
    if (ts.isIdentifier(node) && node.text === 'arguments') hasForeign = true
    if (isFunctionWithBody(node)) return ts.isArrowFunction(node) ? undefined : false
    if (isInArrow(node, bracket)) return undefined
    if (ts.isReturnStatement(node)) returns.push(node)
    else if (ts.isYieldExpression(node)) hasForeign = true
    else if (ts.isBreakOrContinueStatement(node) && !isInside(jumpTarget(node), region)) hasForeign = true
    else if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0)
      hasForeign = true
    return undefined
  }
  for (const statement of region) {
    visit(statement)
    walk(statement, visit)
  }
  return {
    returns,
    hasForeign,
    fallsThrough: !region.some(alwaysLeaves),
  }
}

/** What a callback would hold: everything behind the acquire. */
export function bodyOf(bracket: Bracket | ScopePlan): readonly ts.Statement[] {
  return 'region' in bracket ? bracket.region.slice(1) : [...bracket.gap, bracket.tryStatement]
}

/**
 * Why the bracket cannot become `withConnection(purpose, async (connection) => …)`, if so. A returned promise that is not awaited is
 * the subtle case: the old code gives the connection back before it settles, a callback afterwards.
 */
export function canBecomeCallback(bracket: Bracket | ScopePlan, checker: ts.TypeChecker): boolean {
  const { returns, hasForeign, fallsThrough } = completionsOf(bracket)
  const scope = enclosingFunction(bracket.statement)
  if (hasForeign || ts.isSourceFile(scope) || ts.isConstructorDeclaration(scope)) return false
  const hoists = 'region' in bracket ? bracket.hoists : []
  if ('region' in bracket && hoists.some(({ kind }) => kind === 'assigned'))
    return canReturnHoist(bracket, returns, checker)
  // What moves in front stays in sight.
  if (hoists.length === 0 && nameSeenOutside(bracket, checker) !== undefined) return false
  if (returns.length === 0) return true
  const isGenerator = 'asteriskToken' in scope && scope.asteriskToken !== undefined
  const isTail = bracket.block.parent === scope && bracket.following.length === 0
  if (isGenerator || (fallsThrough && !isTail)) return false
  return returns.every(
    (one) =>
      one.expression === undefined ||
      (!mayBePromise(one.expression, checker) &&
        !asksConnectionWithoutAwait(one.expression, bracket.name.text)),
  )
}

/** `const rows = await withConnection(async (c) => { … return await c.query(…) })`: one value that the end of the callback brings out. */
function canReturnHoist(
  plan: ScopePlan,
  returns: readonly ts.ReturnStatement[],
  checker: ts.TypeChecker,
): boolean {
  const [hoist, ...others] = plan.hoists.filter((one) => one.kind === 'assigned')
  const value = hoist?.declaration.initializer
  if (hoist === undefined || value === undefined || others.length > 0 || returns.length > 0) return false
  const behind = plan.region.slice(plan.region.indexOf(hoist.statement) + 1)
  const isLast = behind.every((one) =>
    plan.releases.some(({ statement, told }) => statement === one && told.kind === 'nothing'),
  )
  return isLast && isWaitedFor(value, plan, checker)
}

function isWaitedFor(value: ts.Expression, { name }: ScopePlan, checker: ts.TypeChecker): boolean {
  return !mayBePromise(value, checker) && !asksConnectionWithoutAwait(value, name.text)
}

/** `return users.find(connection, id)`: whatever the method is called, it may be an answer still to come. */
function asksConnectionWithoutAwait(expression: ts.Expression, name: string): boolean {
  const bare = unwrapExpression(expression)
  if (ts.isAwaitExpression(bare) || isFunctionWithBody(bare)) return false
  if (ts.isIdentifier(bare)) return bare.text === name
  let asks = false
  ts.forEachChild(bare, (child) => {
    if (ts.isExpression(child) && asksConnectionWithoutAwait(child, name)) asks = true
  })
  return asks
}

const plainMethods: ReadonlySet<string> = new Set([
  'map',
  'filter',
  'find',
  'some',
  'every',
  'includes',
  'join',
  'slice',
  'concat',
  'reduce',
  'flatMap',
  'flat',
  'sort',
  'toString',
  'trim',
  'split',
  'replace',
  'toLowerCase',
  'toUpperCase',
  'keys',
  'values',
  'entries',
  'parse',
  'stringify',
  'toISOString',
  'has',
  'at',
  'fromEntries',
  'isArray',
  'from',
])
const plainFunctions: ReadonlySet<string> = new Set([
  'Number',
  'String',
  'Boolean',
  'parseInt',
  'parseFloat',
  'BigInt',
  'Symbol',
])

function mayBePromise(expression: ts.Expression, checker: ts.TypeChecker): boolean {
  const bare = unwrapExpression(expression)
  if (ts.isConditionalExpression(bare))
    return mayBePromise(bare.whenTrue, checker) || mayBePromise(bare.whenFalse, checker)
  if (ts.isBinaryExpression(bare) && isLastOfBoth(bare.operatorToken.kind))
    return mayBePromise(bare.right, checker)
  if (ts.isBinaryExpression(bare))
    return (
      isChoiceOperator(bare.operatorToken.kind) &&
      (mayBePromise(bare.left, checker) || mayBePromise(bare.right, checker))
    )
  if (ts.isNewExpression(bare)) return bare.expression.getText() === 'Promise'
  if (ts.isIdentifier(bare)) return identifierMayBePromise(bare, checker)
  if (!ts.isCallExpression(bare)) return ts.isTaggedTemplateExpression(bare)
  const callee = unwrapExpression(bare.expression)
  if (ts.isPropertyAccessExpression(callee)) return !plainMethods.has(callee.name.text)
  if (!ts.isIdentifier(callee)) return true
  if (plainFunctions.has(callee.text)) return false
  const symbol = checker.getSymbolAtLocation(callee)
  const declaration = (
    symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
      ? checker.getAliasedSymbol(symbol)
      : symbol
  )?.declarations?.[0]
  const called =
    declaration !== undefined && ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration
  if (called === undefined || !isFunctionWithBody(called)) return true
  const isAsync = called.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword) === true
  return isAsync || called.type === undefined || called.type.getText().includes('Promise')
}

function identifierMayBePromise(identifier: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = checker.getSymbolAtLocation(identifier)
  const declaration = symbol?.declarations?.[0]
  if (declaration === undefined || symbol === undefined) return false
  if (ts.isParameter(declaration)) {
    const type = declaration.type ?? ts.getJSDocType(declaration)
    return type === undefined || /Promise|\bany\b|\bunknown\b/.test(type.getText())
  }
  if (!ts.isVariableDeclaration(declaration)) return false
  if (isCallThatMayBePromise(declaration.initializer, checker)) return true
  if ((declaration.parent.flags & ts.NodeFlags.Const) !== 0) return false
  let isAssigned = false
  walk(enclosingFunction(declaration), (node) => {
    if (
      ts.isBinaryExpression(node) &&
      isAssignmentOperator(node.operatorToken.kind) &&
      ts.isIdentifier(node.left) &&
      checker.getSymbolAtLocation(node.left) === symbol &&
      isCallThatMayBePromise(node.right, checker)
    )
      isAssigned = true
    return undefined
  })
  return isAssigned
}

function isCallThatMayBePromise(value: ts.Expression | undefined, checker: ts.TypeChecker): boolean {
  if (value === undefined) return false
  const bare = unwrapExpression(value)
  return (ts.isCallExpression(bare) || ts.isNewExpression(bare)) && mayBePromise(bare, checker)
}

/** `a, b` and `a = b`: the value is that of the right side. */
function isLastOfBoth(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.CommaToken || kind === ts.SyntaxKind.EqualsToken
}

function isChoiceOperator(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.QuestionQuestionToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.AmpersandAmpersandToken
  )
}

/** Whether control may reach the end of a block: by syntax, in doubt yes. */
function canFallThrough(block: ts.Block): boolean {
  const last = block.statements.at(-1)
  return last === undefined || !alwaysLeaves(last)
}

function alwaysLeaves(statement: ts.Statement): boolean {
  if (ts.isReturnStatement(statement) || ts.isThrowStatement(statement)) return true
  if (ts.isBlock(statement)) return !canFallThrough(statement)
  if (ts.isIfStatement(statement)) {
    return (
      statement.elseStatement !== undefined &&
      alwaysLeaves(statement.thenStatement) &&
      alwaysLeaves(statement.elseStatement)
    )
  }
  if (ts.isTryStatement(statement)) {
    const isCaught = statement.catchClause === undefined || !canFallThrough(statement.catchClause.block)
    return isCaught && !canFallThrough(statement.tryBlock)
  }
  return false
}

function isInArrow(node: ts.Node, bracket: Bracket | ScopePlan): boolean {
  return enclosingFunction(node) !== enclosingFunction(bracket.statement)
}

function jumpTarget(jump: ts.BreakOrContinueStatement): ts.Node | undefined {
  return ts.findAncestor(jump.parent, (node) => {
    if (jump.label !== undefined) return ts.isLabeledStatement(node) && node.label.text === jump.label.text
    return ts.isIterationStatement(node, false) || (ts.isBreakStatement(jump) && ts.isSwitchStatement(node))
  })
}

function isInside(node: ts.Node | undefined, region: readonly ts.Node[]): boolean {
  return node !== undefined && region.some((one) => isWithin(node, one))
}
