import ts from 'typescript'
import type { FlowNode } from './flow-node'
import type { Flags, HelperCall, HelperExit, HelperRun } from './helper'
import { askedOf, factOf, literalTruth, propertiesIn, propertyFact, withFact, type Asked } from './path-facts'
import { containsNode, isAssignmentOperator, unwrapExpression } from '../syntax/syntax'
import type { PathState, TypestateQuery } from './typestate-model'

/** One way on from a call. */
interface Way {
  readonly node: FlowNode
  readonly state: PathState
  readonly thrownAt?: ts.Node
}

/** The helper's own ways of being left are the ways on from the place where it is called. */
export function waysThrough(
  helper: HelperCall,
  node: FlowNode,
  state: PathState,
  query: TypestateQuery,
): Pick<HelperRun, 'lateUse' | 'leftover'> & { readonly ways: readonly Way[] } {
  const { variable } = query
  const ways: Way[] = []
  const go = (after: PathState, isThrown: boolean): void => {
    const isBoth = helper.isChained === true
    if (node.next !== undefined && (isBoth || !isThrown)) ways.push({ node: node.next, state: after })
    if (node.thrown === undefined || (!isBoth && !isThrown)) return
    const thrownAt = node.ast === undefined ? {} : { thrownAt: node.ast }
    ways.push({ node: node.thrown, state: after, ...thrownAt })
  }
  if (state.status !== 'held' || variable === undefined) {
    go(state, false)
    go(state, true)
    return { ways }
  }
  const truthOf = (argument: ts.Expression): boolean | undefined => {
    const symbol = factOf(argument, query.checker)
    return literalTruth(argument) ?? (symbol && state.facts.get(symbol))
  }
  const { exits, ...found } = helper.run(propertiesIn(state.facts, variable), truthOf)
  for (const { isThrown, status, flags } of exits)
    go({ ...state, status, facts: withMarks(state.facts, variable, flags) }, isThrown)
  return { ...found, ways }
}

function withMarks(facts: PathState['facts'], variable: ts.Symbol, flags: Flags): PathState['facts'] {
  let next = facts
  for (const name of new Set([...propertiesIn(facts, variable).keys(), ...flags.keys()]))
    next = withFact(next, propertyFact(variable, name), flags.get(name))
  return next
}

/** What the marks on the connection are kept by. */
export function marksOf({ variable, flags }: TypestateQuery): readonly ts.Symbol[] {
  return variable === undefined ? [] : [...(flags ?? [])].map((name) => propertyFact(variable, name))
}

/** A way of leaving the function, and what tells it from others. */
export function exitAt(
  isThrown: boolean,
  { status, facts }: PathState,
  { variable }: TypestateQuery,
): readonly [string, HelperExit] {
  const flags: Flags = variable === undefined ? new Map() : propertiesIn(facts, variable)
  const known = [...flags].map(([name, truth]) => `${name}${truth ? '+' : '-'}`).sort()
  return [`${isThrown ? 'throw' : 'return'}|${status}|${known.join()}`, { isThrown, status, flags }]
}

/** With helpers: looking at a connection that is there, and calling an async function that is, throws nothing. */
export function isSurelyFine(
  ast: ts.Node | undefined,
  { status }: PathState,
  { helpers, variable, checker }: TypestateQuery,
): boolean {
  if (helpers === undefined || ast === undefined || variable === undefined) return false
  // What a function throws that is waited for comes out where it is waited for.
  if (helpers.some(({ call }) => call === ast)) return true
  if (status !== 'held') return false
  const owner = ts.isPropertyAccessExpression(ast)
    ? ast.expression
    : ts.isBinaryExpression(ast) && ast.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword
      ? ast.left
      : undefined
  const bare = owner && unwrapExpression(owner)
  return bare !== undefined && ts.isIdentifier(bare) && checker.getSymbolAtLocation(bare) === variable
}

/** `if (connection.inTransaction)` before this borrower has said so itself. */
export function isLeftover(
  identifier: ts.Identifier,
  { status, facts }: PathState,
  { flags, variable }: TypestateQuery,
): boolean {
  const { parent } = identifier
  if (flags === undefined || variable === undefined || status !== 'held') return false
  if (!ts.isPropertyAccessExpression(parent) || parent.expression !== identifier) return false
  if (!flags.has(parent.name.text) || facts.has(propertyFact(variable, parent.name.text))) return false
  const target = parent.parent
  const isWritten =
    ts.isBinaryExpression(target) && target.left === parent && isAssignmentOperator(target.operatorToken.kind)
  return !isWritten
}

/** `x === true`: surely not of what is false; surely of a mark, which only ever was given `true` and `false`. */
export function decideExactly(
  { symbol, truth, isDenied }: Asked,
  state: PathState,
  query: TypestateQuery,
): boolean | undefined {
  const known = symbol === query.variable ? undefined : state.facts.get(symbol)
  if (known === undefined) return undefined
  if (known !== truth) return isDenied === true
  return marksOf(query).includes(symbol) ? isDenied !== true : undefined
}

/**
 * Reaching for the release (`this.pools.putconn`) is part of it: whoever cannot reach it cannot be helped by another shape. That it
 * fails is not followed either: a scope's end does not throw, and what code does about a failing release goes with the release. What a
 * release is told is made before it runs; with helpers it stays as it is, and so does that it throws.
 */
export function isPartOfRelease(
  ast: ts.Node,
  extents: readonly ts.Node[],
  { helpers, uses }: TypestateQuery,
): boolean {
  const isTold =
    helpers !== undefined &&
    uses.some(
      (use) =>
        use.kind === 'release' &&
        !use.isNested &&
        use.call.arguments.some((argument) => containsNode(argument, ast)),
    )
  return !isTold && extents.some((extent) => containsNode(extent, ast))
}

/** What a condition that went one way says of a variable. */
export function learnedFrom(
  condition: ts.Node,
  way: boolean,
  { checker, variable }: TypestateQuery,
): Pick<Asked, 'symbol' | 'truth'> | undefined {
  const asked = askedOf(condition, checker)
  if (asked?.isExact !== true) return asked && { symbol: asked.symbol, truth: way === asked.truth }
  const isSo = way !== (asked.isDenied === true)
  return isSo && asked.symbol !== variable ? asked : undefined
}

/** `this.transactions.end`: what is reached for when it is called. */
export function reachedFor({ call }: HelperCall): readonly ts.Node[] {
  return isPlainAccess(call.expression) ? [call.expression] : []
}

function isPlainAccess(expression: ts.Expression): boolean {
  const bare = unwrapExpression(expression)
  if (ts.isPropertyAccessExpression(bare)) return isPlainAccess(bare.expression)
  if (ts.isElementAccessExpression(bare))
    return ts.isStringLiteralLike(bare.argumentExpression) && isPlainAccess(bare.expression)
  return ts.isIdentifier(bare) || bare.kind === ts.SyntaxKind.ThisKeyword
}
