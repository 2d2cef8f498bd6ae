import ts from 'typescript'
import type { TraceStep } from './callee-summary'
import { findMemberUses, findUses, type ConnectionUse, type UseQuery } from '../connection/connection-uses'
import {
  enclosingFunction,
  isAssignmentOperator,
  methodOf,
  nameOfFunction,
  outermost,
  receiverText,
  unwrapExpression,
  walk,
} from '../syntax/syntax'

/** Where a connection stays behind when its function is left. */
export type KeptPlace =
  /** `this.client` */
  | { readonly kind: 'field'; readonly owner: ts.ClassLikeDeclaration; readonly name: string }
  /** `state.client`, of an object that a name of the file stands for */
  | { readonly kind: 'property'; readonly access: ts.PropertyAccessExpression }
  /** `let shared` */
  | { readonly kind: 'variable'; readonly name: ts.Identifier }
  /** `this.clients`, `clients`: a map, a set, a list */
  | { readonly kind: 'container'; readonly expression: ts.Expression }

/** The place that a mention of the connection, or the acquire itself, puts it into; undefined when it is none that is followed. */
export function keptPlace(value: ts.Expression): KeptPlace | undefined {
  let current = outermost(value)
  for (;;) {
    const { parent } = current
    if (ts.isAwaitExpression(parent)) current = outermost(parent)
    else if (ts.isBinaryExpression(parent) && parent.right === current) {
      if (isAssignmentOperator(parent.operatorToken.kind)) return placeOfTarget(parent.left)
      current = outermost(parent)
    } else if (ts.isConditionalExpression(parent)) current = outermost(parent)
    else if (isPartOfLiteral(parent)) current = outermost(literalOf(parent))
    else if (ts.isCallExpression(parent) && parent.expression !== current) {
      const named = methodOf(parent)
      return named === undefined
        ? undefined
        : { kind: 'container', expression: unwrapExpression(named.receiver) }
    } else return undefined
  }
}

function isPartOfLiteral(
  node: ts.Node,
): node is ts.PropertyAssignment | ts.ShorthandPropertyAssignment | ts.ArrayLiteralExpression {
  return (
    ts.isPropertyAssignment(node) ||
    ts.isShorthandPropertyAssignment(node) ||
    ts.isArrayLiteralExpression(node)
  )
}

function literalOf(
  part: ts.PropertyAssignment | ts.ShorthandPropertyAssignment | ts.ArrayLiteralExpression,
): ts.Expression {
  return ts.isArrayLiteralExpression(part) ? part : part.parent
}

function placeOfTarget(left: ts.Expression): KeptPlace | undefined {
  const target = unwrapExpression(left)
  if (ts.isIdentifier(target)) return { kind: 'variable', name: target }
  if (ts.isElementAccessExpression(target))
    return { kind: 'container', expression: unwrapExpression(target.expression) }
  if (!ts.isPropertyAccessExpression(target)) return undefined
  const owner = ts.findAncestor(target, ts.isClassLike)
  return target.expression.kind === ts.SyntaxKind.ThisKeyword && owner !== undefined
    ? { kind: 'field', owner, name: target.name.text }
    : { kind: 'property', access: target }
}

/** The field in which a constructor keeps its argument. */
export function fieldOfArgument(
  constructor: ts.ConstructorDeclaration,
  index: number,
  checker: ts.TypeChecker,
): KeptPlace | undefined {
  const parameter = constructor.parameters[index]
  if (parameter === undefined || !ts.isIdentifier(parameter.name)) return undefined
  const { name } = parameter
  if (ts.isParameterPropertyDeclaration(parameter, constructor))
    return { kind: 'field', owner: constructor.parent, name: name.text }
  const symbol = checker.getSymbolAtLocation(name)
  let place: KeptPlace | undefined
  walk(constructor, (node) => {
    if (place === undefined && ts.isIdentifier(node) && node !== name && node.text === name.text)
      if (checker.getSymbolAtLocation(node) === symbol) place = keptPlace(node)
    return undefined
  })
  return place?.kind === 'field' ? place : undefined
}

/** What a person calls the place. */
export function describePlace(place: KeptPlace): string {
  switch (place.kind) {
    case 'field':
      return `the field ${place.name} of ${place.owner.name?.text ?? 'a class'}`
    case 'property':
      return receiverText(place.access)
    case 'variable':
      return `the variable ${place.name.text}`
    case 'container':
      return receiverText(place.expression)
  }
}

/** Where, in the same class or file, what lies in the place is given back; empty when nowhere. */
export function releasesFrom(place: KeptPlace, query: UseQuery): readonly TraceStep[] {
  const { receiver: _any, openMethod: _open, ...rest } = query
  const anyReceiver: UseQuery = { ...rest, followsChoices: true }
  const uses =
    place.kind === 'container' ? usesOfElements(place, anyReceiver) : usesOfPlace(place, anyReceiver)
  const steps = uses.flatMap((use): TraceStep[] => {
    if (use.kind === 'release') return [{ node: use.call, note: `released ${whereIn(use.node)} here` }]
    if (use.kind === 'escape' && use.reason === 'release-in-helper')
      return [{ node: use.node, note: `its release is handed on ${whereIn(use.node)} here` }]
    return []
  })
  return [...new Map(steps.map((step) => [step.node, step])).values()]
}

/** Where else it is used: for a reader who asks what would break. */
function usesOfPlace(
  place: Exclude<KeptPlace, { kind: 'container' }>,
  query: UseQuery,
): readonly ConnectionUse[] {
  if (place.kind === 'variable') return findUses(place.name, scopeOf(place.name, query.checker), query)
  const home = place.kind === 'field' ? place.owner : place.access.getSourceFile()
  const text = place.kind === 'field' ? `this.${place.name}` : receiverText(place.access)
  const uses: ConnectionUse[] = []
  walk(home, (node) => {
    if (ts.isPropertyAccessExpression(node) && receiverText(node) === text)
      uses.push(...findMemberUses(node, enclosingFunction(node), query))
    else if (ts.isVariableDeclaration(node)) uses.push(...takenApart(node, place, query))
    return undefined
  })
  return uses
}

/** `const { client } = this` */
function takenApart(
  declaration: ts.VariableDeclaration,
  place: Exclude<KeptPlace, { kind: 'container' }>,
  query: UseQuery,
): readonly ConnectionUse[] {
  if (place.kind === 'variable' || !ts.isObjectBindingPattern(declaration.name)) return []
  if (declaration.initializer === undefined) return []
  const owner = place.kind === 'field' ? 'this' : receiverText(place.access.expression)
  if (receiverText(declaration.initializer) !== owner) return []
  const wanted = place.kind === 'field' ? place.name : place.access.name.text
  const element = declaration.name.elements.find((one) => (one.propertyName ?? one.name).getText() === wanted)
  if (element === undefined || !ts.isIdentifier(element.name)) return []
  return findUses(element.name, enclosingFunction(declaration), query)
}

/** Variables that get their value out of the container: by `get`, `pop`, an index, a loop over it, a callback. */
function usesOfElements(
  { expression }: Extract<KeptPlace, { kind: 'container' }>,
  query: UseQuery,
): readonly ConnectionUse[] {
  const text = receiverText(expression)
  const home = text.startsWith('this.')
    ? (ts.findAncestor(expression, ts.isClassLike) ?? expression.getSourceFile())
    : expression.getSourceFile()
  const uses: ConnectionUse[] = []
  const seen = new Set<ts.Identifier>()
  const follow = (name: ts.Identifier, scope: ts.Node, depth: number): void => {
    if (seen.has(name) || depth > 3) return
    seen.add(name)
    uses.push(...findUses(name, scope, query))
    // `for (const entry of all) entry.client.release()`
    walk(scope, (node) => {
      if (
        ts.isPropertyAccessExpression(node) &&
        ts.isIdentifier(node.expression) &&
        node.expression.text === name.text
      )
        uses.push(...findMemberUses(node, enclosingFunction(node), query).filter(isRelease))
      return undefined
    })
  }
  walk(home, (node) => {
    const named = declaredFrom(node, text)
    for (const name of named) follow(name, enclosingFunction(name), 0)
    if (ts.isCallExpression(node)) uses.push(...releasedInPlace(node, text, query))
    return undefined
  })
  return uses
}

function isRelease(use: ConnectionUse): boolean {
  return use.kind === 'release' || (use.kind === 'escape' && use.reason === 'release-in-helper')
}

/** The names that a node declares with a value that comes out of the container. */
function declaredFrom(node: ts.Node, container: string): readonly ts.Identifier[] {
  if (ts.isVariableDeclaration(node)) {
    const source = ts.isForOfStatement(node.parent.parent) ? node.parent.parent.expression : node.initializer
    return source !== undefined && mentionsText(source, container) ? namesIn(node.name) : []
  }
  if (!ts.isCallExpression(node)) return []
  const named = methodOf(node)
  if (named === undefined || !mentionsText(named.receiver, container)) return []
  return node.arguments.flatMap((argument) => {
    const bare = unwrapExpression(argument)
    return ts.isArrowFunction(bare) || ts.isFunctionExpression(bare)
      ? bare.parameters.flatMap((parameter) => namesIn(parameter.name))
      : []
  })
}

/** `clients.get(id).release()` */
function releasedInPlace(
  call: ts.CallExpression,
  container: string,
  query: UseQuery,
): readonly ConnectionUse[] {
  const named = methodOf(call)
  const rule =
    named && query.dialect.release.find((one) => one.on === 'connection' && one.method === named.method)
  if (named === undefined || rule === undefined || !mentionsText(named.receiver, container)) return []
  const name = ts.isPropertyAccessExpression(call.expression) ? call.expression.name : undefined
  if (name === undefined || !ts.isIdentifier(name)) return []
  return [{ kind: 'release', node: name, call, rule, discards: false, isNested: false }]
}

function namesIn(name: ts.BindingName): readonly ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name]
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []))
}

function mentionsText(expression: ts.Node, text: string): boolean {
  if (ts.isExpression(expression) && receiverText(expression) === text) return true
  let isMentioned = false
  ts.forEachChild(expression, (child) => {
    if (!isMentioned && mentionsText(child, text)) isMentioned = true
  })
  return isMentioned
}

function whereIn(node: ts.Node): string {
  const home = enclosingFunction(node)
  return ts.isSourceFile(home) ? 'at the top of the module' : `by ${nameOfFunction(home)}`
}

/** The function or file that declares a variable. */
function scopeOf(name: ts.Identifier, checker: ts.TypeChecker): ts.Node {
  const [declaration] = checker.getSymbolAtLocation(name)?.declarations ?? []
  return declaration === undefined ? name.getSourceFile() : enclosingFunction(declaration)
}
