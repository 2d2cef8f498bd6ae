import ts from 'typescript'
import { isAwaited } from '../syntax/closures'
import type { ConnectionUse } from './connection-uses'
import { enclosingFunction, outermost } from '../syntax/syntax'
import { throughChoices } from '../syntax/value-flow'

/** Methods of a client that are done when they return. */
const syncMethods: ReadonlySet<string> = new Set([
  'escapeIdentifier',
  'escapeLiteral',
  'getTransactionStatus',
  'getTypeParser',
  'listenerCount',
])

export interface Settlement {
  /** The `await` at which what the mention begins is done. */
  readonly awaited?: ts.AwaitExpression
  readonly waits: boolean
  /** Something is done with its promise before it is waited for. */
  readonly isChained?: true
}

/**
 * Whether whatever a mention of the connection begins is over when its function goes on, or for `mayReturn` when the promise settles that
 * the function returns. Undefined when something may still run behind it.
 */
export function settlementOf(
  use: ConnectionUse,
  { isSyncCall, mayReturn }: { readonly isSyncCall: boolean; readonly mayReturn: boolean },
): Settlement | undefined {
  const begun = callBegunBy(use)
  if (begun === 'none') return { waits: false }
  if (begun === 'unseen') return undefined
  const value = outermost(begun)
  if (ts.isAwaitExpression(value.parent)) return { awaited: value.parent, waits: true }
  if (isSyncCall) return { waits: false }
  const flown = throughCalls(value)
  if (ts.isAwaitExpression(flown.parent)) return { waits: true, isChained: true }
  const isReturned =
    ts.isReturnStatement(flown.parent) || (ts.isArrowFunction(flown.parent) && flown.parent.body === flown)
  // What a promise brings that is returned out of a try statement is not heard by its catch.
  return mayReturn && isReturned && !isInTry(flown)
    ? { waits: true, ...(flown === value ? {} : { isChained: true }) }
    : undefined
}

/** The same, where several may be waited for at a time: what is left of them when one fails is left as before. */
export function isWaitedFor(use: ConnectionUse): boolean {
  if (use.kind !== 'argument' && use.kind !== 'borrow') return true
  const begun = callBegunBy(use)
  return begun === 'none' || (begun !== 'unseen' && isAwaited(begun))
}

/** `none`: a look, a mark. */
function callBegunBy(use: ConnectionUse): ts.CallExpression | ts.NewExpression | 'none' | 'unseen' {
  if (use.kind === 'argument') return use.call
  const value = outermost(use.node)
  const { parent } = value
  if (use.kind === 'borrow' && use.isLent === true) {
    const call = ts.findAncestor(
      parent,
      (one): one is ts.CallExpression | ts.NewExpression =>
        ts.isCallExpression(one) || ts.isNewExpression(one),
    )
    return call ?? 'unseen'
  }
  if (!ts.isPropertyAccessExpression(parent) || parent.expression !== value)
    return isLook(value) ? 'none' : 'unseen'
  const access = outermost(parent)
  const called = access.parent
  if (ts.isCallExpression(called) && called.expression === access)
    return syncMethods.has(parent.name.text) ? 'none' : called
  // A function that is taken along, `connection.query.bind(connection)`.
  return isClientFunction(parent.name.text) ? 'unseen' : 'none'
}

function isClientFunction(name: string): boolean {
  return name === 'query' || name === 'release' || name === 'on' || name === 'once'
}

/** A declaration that gives it a second name. */
function isLook(value: ts.Expression): boolean {
  const { parent } = outermost(throughChoices(value))
  return ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)
}

/** `make(connection)(…)`, `wrap(f(connection))`: calls that are waited for as one; not several at a time. */
function throughCalls(value: ts.Expression): ts.Expression {
  let current = value
  for (;;) {
    const { parent } = current
    const isCallee =
      (ts.isCallExpression(parent) && parent.expression === current) ||
      (ts.isPropertyAccessExpression(parent) && parent.expression === current)
    if (!isCallee) return current
    current = outermost(parent)
  }
}

function isInTry(node: ts.Node): boolean {
  const home = enclosingFunction(node)
  return ts.findAncestor(node, (one) => one === home || ts.isTryStatement(one)) !== home
}
