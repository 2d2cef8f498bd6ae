import ts from 'typescript'
import type { Dialect, ReleaseRule } from '../../model/dialect'
import type { ReasonCode } from '../../model/site'
import { closureOutlives, isAwaited } from '../syntax/closures'
import { isNullish, isTested, throughChoices } from '../syntax/value-flow'
import { containerMethods, escapeByAssignment, escapeOfValue, isInLiteral } from '../syntax/escapes'
import { isMark } from './marks'
import type { FunctionLike } from '../syntax/syntax'
import {
  isAssignmentOperator,
  isFunctionWithBody,
  methodOf,
  outermost,
  receiverText,
  unwrapExpression,
  walk,
} from '../syntax/syntax'

export { isNullish }

/** One mention of a connection's variable, by what it does to the connection. */
export type ConnectionUse =
  | {
      readonly kind: 'release'
      readonly node: ts.Identifier
      readonly call: ts.CallExpression
      readonly rule: ReleaseRule
      /** It has an argument besides the connection (a key, an error, an order to close) that the end of a scope cannot have. */
      readonly discards: boolean
      readonly isNested: boolean
    }
  /** A call that gets the connection as an argument; what it does is asked elsewhere. */
  | {
      readonly kind: 'argument'
      readonly node: ts.Identifier
      readonly call: ts.CallExpression | ts.NewExpression
      readonly index: number
    }
  | { readonly kind: 'open'; readonly node: ts.Identifier; readonly call: ts.CallExpression }
  | { readonly kind: 'test'; readonly node: ts.Identifier }
  /** `isLent`: inside an object or array that is an argument; who gets it may release it. */
  | { readonly kind: 'borrow'; readonly node: ts.Identifier; readonly isLent?: boolean }
  | { readonly kind: 'write'; readonly node: ts.Identifier; readonly isNull: boolean }
  | { readonly kind: 'escape'; readonly node: ts.Identifier; readonly reason: ReasonCode }

export interface UseQuery {
  readonly checker: ts.TypeChecker
  readonly dialect: Dialect
  /** The receiver the connection was acquired from, as text; absent in helpers, where any receiver of that method counts. */
  readonly receiver?: string
  readonly openMethod?: string
  /** In helpers: `const mine = given ?? await acquire()` stands for the given connection where one was given. */
  readonly followsChoices?: true
  /** A property of the caller's own (`connection.inTransaction = true`) is a mark on it, and no change of what it is. */
  readonly allowsMarks?: true
}

/** Every mention of the variable inside `scope`, its aliases by `const` included, in source order. */
export function findUses(binding: ts.Identifier, scope: ts.Node, query: UseQuery): readonly ConnectionUse[] {
  const symbol = query.checker.getSymbolAtLocation(binding)
  if (symbol === undefined) return []
  const uses: ConnectionUse[] = []
  const owner = ts.isSourceFile(scope) || isFunctionWithBody(scope) ? scope : undefined
  walk(scope, (node) => {
    if (!ts.isIdentifier(node) || node.text !== binding.text || symbolOf(node, query.checker) !== symbol)
      return undefined
    if (ts.isVariableDeclaration(node.parent) && node.parent.name === node) return undefined
    if (ts.isParameter(node.parent) && node.parent.name === node) return undefined
    const alias = aliasOf(node, query.followsChoices === true)
    if (alias !== undefined) uses.push({ kind: 'borrow', node }, ...findUses(alias, scope, query))
    else uses.push(...classify(node, owner, query))
    return undefined
  })
  return uses
}

/** What is done with a property that holds the connection, `context.client`, at one of its mentions. */
export function findMemberUses(
  access: ts.PropertyAccessExpression,
  scope: ts.Node,
  query: UseQuery,
): readonly ConnectionUse[] {
  if (!ts.isIdentifier(access.name)) return []
  const owner = ts.isSourceFile(scope) || isFunctionWithBody(scope) ? scope : undefined
  const alias = aliasOf(access, query.followsChoices === true)
  if (alias === undefined) return classify(access.name, owner, query)
  return [{ kind: 'borrow', node: access.name }, ...findUses(alias, scope, query)]
}

/** The expression that is the connection at a mention: the name, or the access that ends in it. */
function mentioned(node: ts.Identifier): ts.Expression {
  const { parent } = node
  return ts.isPropertyAccessExpression(parent) && parent.name === node ? parent : node
}

function symbolOf(node: ts.Identifier, checker: ts.TypeChecker): ts.Symbol | undefined {
  return ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node)
}

/** `const other = connection` */
function aliasOf(node: ts.Expression, followsChoices: boolean): ts.Identifier | undefined {
  let value = outermost(node)
  if (
    followsChoices &&
    ts.isBinaryExpression(value.parent) &&
    value.parent.left === value &&
    isDefaulting(value.parent.operatorToken.kind)
  )
    value = outermost(value.parent)
  const { parent } = value
  if (!ts.isVariableDeclaration(parent) || parent.initializer !== value || !ts.isIdentifier(parent.name))
    return undefined
  return (parent.parent.flags & ts.NodeFlags.Const) !== 0 ? parent.name : undefined
}

function isDefaulting(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.QuestionQuestionToken || kind === ts.SyntaxKind.BarBarToken
}

function classify(
  node: ts.Identifier,
  owner: FunctionLike | ts.SourceFile | undefined,
  query: UseQuery,
): ConnectionUse[] {
  const closure = nestedFunction(node, owner)
  const use = classifyPlain(node, query, closure !== undefined)
  if (closure === undefined || use.kind === 'escape') return [use]
  if (use.kind === 'write') return [{ kind: 'escape', node, reason: 'reassigned' }]
  if (use.kind === 'release') return [use]
  return closureOutlives(closure, query.checker)
    ? [{ kind: 'escape', node, reason: 'escapes-to-closure' }]
    : [use]
}

function classifyPlain(node: ts.Identifier, query: UseQuery, isNested: boolean): ConnectionUse {
  const direct = outermost(mentioned(node))
  if (isDefaultOfItself(direct)) return { kind: 'test', node }
  const value = throughChoices(direct)
  const { parent } = value
  // (given ?? connection).release(): which of them it is cannot be said.
  if (value !== direct && ts.isPropertyAccessExpression(parent) && parent.expression === value)
    return namesRelease(parent.name.text, query)
      ? escape(node, 'release-in-helper')
      : { kind: 'borrow', node }
  if (ts.isPropertyAccessExpression(parent) && parent.expression === value)
    return ofMember(node, parent, query, isNested)
  if (ts.isElementAccessExpression(parent) && parent.expression === value)
    return mayNameRelease(parent.argumentExpression, query)
      ? escape(node, 'release-in-helper')
      : { kind: 'borrow', node }
  if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression !== value)
    return ofArgument(node, value, parent, query, isNested)
  if (ts.isBinaryExpression(parent) && isAssignmentOperator(parent.operatorToken.kind)) {
    if (parent.left === value) return { kind: 'write', node, isNull: isNullish(parent.right) }
    return escape(node, escapeByAssignment(parent.left, query.checker))
  }
  if (isTested(value) || isTested(direct)) return { kind: 'test', node }
  if (ts.isVariableDeclaration(parent)) {
    if (ts.isIdentifier(parent.name)) return escape(node, 'unsupported-shape')
    return takesRelease(parent.name, query) ? escape(node, 'release-in-helper') : { kind: 'borrow', node }
  }
  const reason = escapeOfValue(value, query.checker)
  if (reason !== undefined) return escape(node, reason)
  return isInLiteral(value) ? { kind: 'borrow', node, isLent: true } : { kind: 'borrow', node }
}

function namesRelease(name: string, query: UseQuery): boolean {
  return query.dialect.release.some((one) => one.on === 'connection' && one.method === name)
}

/** `const { release } = connection`: whoever has the function can call it. */
function takesRelease(pattern: ts.BindingPattern, query: UseQuery): boolean {
  return pattern.elements.some((element) => {
    if (!ts.isBindingElement(element)) return false
    const name = element.propertyName ?? element.name
    if (element.dotDotDotToken !== undefined || ts.isComputedPropertyName(name)) return true
    return query.dialect.release.some((one) => one.on === 'connection' && one.method === name.getText())
  })
}

/** `connection['release']`, `connection[name]` */
function mayNameRelease(index: ts.Expression, query: UseQuery): boolean {
  const bare = unwrapExpression(index)
  if (!ts.isStringLiteralLike(bare)) return !ts.isNumericLiteral(bare)
  return query.dialect.release.some((one) => one.on === 'connection' && one.method === bare.text)
}

function ofMember(
  node: ts.Identifier,
  access: ts.PropertyAccessExpression,
  query: UseQuery,
  isNested: boolean,
): ConnectionUse {
  const target = outermost(access)
  const { parent } = target
  if (
    ts.isBinaryExpression(parent) &&
    parent.left === target &&
    isAssignmentOperator(parent.operatorToken.kind)
  ) {
    return query.allowsMarks === true && isMark(parent, access.name.text)
      ? { kind: 'borrow', node }
      : escape(node, 'unsupported-shape')
  }
  const name = access.name.text
  const called = ts.isCallExpression(parent) && parent.expression === target ? parent : undefined
  if (called !== undefined && name === query.openMethod) return { kind: 'open', node, call: called }
  const rule = query.dialect.release.find((one) => one.on === 'connection' && one.method === name)
  if (rule?.on === 'connection') {
    if (called === undefined && isTested(target)) return { kind: 'borrow', node }
    // The release handed on as a function: whoever gets it may call it.
    if (called === undefined) return escape(node, 'release-in-helper')
    const discards = rule.isDiscard === true || called.arguments.some((argument) => !isFalse(argument))
    return { kind: 'release', node, call: called, rule, discards, isNested }
  }
  return { kind: 'borrow', node }
}

function ofArgument(
  node: ts.Identifier,
  value: ts.Expression,
  call: ts.CallExpression | ts.NewExpression,
  query: UseQuery,
  isNested: boolean,
): ConnectionUse {
  const index = call.arguments?.indexOf(value) ?? -1
  const named = ts.isCallExpression(call) ? (methodOf(call) ?? bareRelease(call, query)) : undefined
  if (ts.isCallExpression(call) && named !== undefined) {
    const rule = query.dialect.release.find(
      (one) => one.on === 'receiver' && one.method === named.method && one.connectionArgument === index,
    )
    if (rule?.on === 'receiver') {
      if (
        query.receiver !== undefined &&
        receiverText(named.receiver) !== query.receiver &&
        methodOf(call) !== undefined
      )
        return escape(node, 'release-in-helper')
      const discards =
        rule.isDiscard === true || call.arguments.some((argument) => argument !== value && !isFalse(argument))
      return { kind: 'release', node, call, rule, discards, isNested }
    }
    if (containerMethods.has(named.method)) return escape(node, 'escapes-to-container')
    if (named.method === 'bind' && !isKeptHere(outermost(call))) return escape(node, 'escapes-to-closure')
    if (isAmbientStore(named, query.checker)) return escape(node, 'escapes-to-callee')
  }
  return { kind: 'argument', node, call, index }
}

/** `releaseConnection(c)` beside `getConnection()`: functions of one module, called by their bare names. */
function bareRelease(
  call: ts.CallExpression,
  { dialect, receiver }: UseQuery,
): { readonly receiver: ts.Expression; readonly method: string } | undefined {
  const callee = unwrapExpression(call.expression)
  if (receiver === undefined || !ts.isIdentifier(callee)) return undefined
  const isBareToo = dialect.acquire.some(({ method }) => method === receiver)
  const isRelease = dialect.release.some((rule) => rule.on === 'receiver' && rule.method === callee.text)
  return isBareToo && isRelease ? { receiver: callee, method: callee.text } : undefined
}

/** `const query = connection.query.bind(connection)`: a name of this scope, or called on the spot. */
function isKeptHere(bound: ts.Expression): boolean {
  const { parent } = bound
  if (ts.isVariableDeclaration(parent)) return ts.isIdentifier(parent.name)
  return ts.isCallExpression(parent) && (parent.expression === bound || isAwaited(parent))
}

/** `store.run(connection, …)`: whoever reads the store later has the connection too, and nothing here shows who. */
function isAmbientStore(
  { receiver, method }: { receiver: ts.Expression; method: string },
  checker: ts.TypeChecker,
): boolean {
  if (method !== 'run' && method !== 'enterWith') return false
  const declaration = checker.getSymbolAtLocation(unwrapExpression(receiver))?.declarations?.[0]
  return declaration !== undefined && declaration.getText().includes('AsyncLocalStorage')
}

function nestedFunction(
  node: ts.Node,
  owner: FunctionLike | ts.SourceFile | undefined,
): FunctionLike | undefined {
  let nested: FunctionLike | undefined
  for (
    let current: ts.Node = node.parent;
    current !== owner && !ts.isSourceFile(current);
    current = current.parent
  ) {
    if (isFunctionWithBody(current)) nested = current
  }
  return nested
}

/** `client = client ?? …`, `client = client ? client : …`: what was given stays where it is. */
function isDefaultOfItself(value: ts.Expression): boolean {
  const { parent } = value
  const isFirst =
    (ts.isBinaryExpression(parent) && parent.left === value && isDefaulting(parent.operatorToken.kind)) ||
    (ts.isConditionalExpression(parent) && parent.condition !== value)
  if (!isFirst) return false
  const assignment = outermost(parent).parent
  return (
    ts.isBinaryExpression(assignment) &&
    assignment.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    assignment.right === outermost(parent) &&
    unwrapExpression(assignment.left).getText() === unwrapExpression(value).getText()
  )
}

function isFalse(expression: ts.Expression): boolean {
  return isNullish(expression) || unwrapExpression(expression).kind === ts.SyntaxKind.FalseKeyword
}

function escape(node: ts.Identifier, reason: ReasonCode): ConnectionUse {
  return { kind: 'escape', node, reason }
}
