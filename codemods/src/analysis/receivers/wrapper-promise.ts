import ts from 'typescript'
import type { AcquireCall } from '../connection/acquire-call'
import { returnedExpressions } from './declared-types'
import {
  enclosingFunction,
  isFunctionWithBody,
  outermost,
  unwrapExpression,
  walk,
  type FunctionLike,
} from '../syntax/syntax'
import type { TypeFacts } from './type-facts'
import { functionNode } from './wrapper-functions'
import { leavesOf } from './wrapper-leaves'

/** What `new Promise((resolve, reject) => …)` is resolved with, where a callback inside gets the connection. */
export interface PromisedConnection {
  readonly promised: 'alone' | 'with-release'
  /** It may also be resolved with something else. */
  readonly isOnSomePaths: boolean
}

/** The promise in whose making a connection is taken by callback. */
export function promiseAround({ call, kind, rule }: AcquireCall): ts.NewExpression | undefined {
  if (kind !== 'acquire' || rule.callbackArgument === undefined || call.arguments.length === 0)
    return undefined
  const executor = enclosingFunction(call)
  if (ts.isSourceFile(executor) || !ts.isExpression(executor)) return undefined
  const { parent } = outermost(executor)
  return ts.isNewExpression(parent) &&
    ts.isIdentifier(parent.expression) &&
    parent.expression.text === 'Promise' &&
    executorOf(parent) === executor
    ? parent
    : undefined
}

export function promisedConnection(
  promise: ts.NewExpression,
  acquires: readonly AcquireCall[],
  facts: TypeFacts,
): PromisedConnection | undefined {
  const clients = new Set(acquires.flatMap((one) => clientOf(one, facts.checker) ?? []))
  const executor = executorOf(promise)
  if (clients.size === 0 || executor === undefined) return undefined
  const given = resolutions(executor, facts.checker).flatMap((value) =>
    value === undefined ? [undefined] : leavesOf(value).map((leaf) => formOf(leaf, clients, facts)),
  )
  const known = given.filter((form) => form !== undefined)
  if (known.length === 0) return undefined
  return {
    promised: known.includes('with-release') ? 'with-release' : 'alone',
    isOnSomePaths: known.length < given.length,
  }
}

function executorOf({ arguments: given }: ts.NewExpression): FunctionLike | undefined {
  const [first] = given ?? []
  const executor = first && unwrapExpression(first)
  return executor !== undefined && isFunctionWithBody(executor) ? executor : undefined
}

/** The second parameter of the callback. */
function clientOf({ call }: AcquireCall, checker: ts.TypeChecker): ts.Symbol | undefined {
  const last = call.arguments.at(-1)
  const callback = last && unwrapExpression(last)
  const name =
    callback !== undefined && isFunctionWithBody(callback) ? callback.parameters[1]?.name : undefined
  return name === undefined ? undefined : checker.getSymbolAtLocation(name)
}

/** The arguments of each call of the executor's first parameter; `undefined` for none. */
function resolutions(
  executor: FunctionLike,
  checker: ts.TypeChecker,
): readonly (ts.Expression | undefined)[] {
  const name = executor.parameters[0]?.name
  if (name === undefined || !ts.isIdentifier(name)) return []
  const resolve = checker.getSymbolAtLocation(name)
  const found: (ts.Expression | undefined)[] = []
  walk(executor, (node) => {
    if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === name.text &&
      checker.getSymbolAtLocation(node.expression) === resolve
    )
      found.push(node.arguments[0])
    return undefined
  })
  return found
}

function formOf(
  value: ts.Expression,
  clients: ReadonlySet<ts.Symbol>,
  facts: TypeFacts,
): PromisedConnection['promised'] | undefined {
  const isClient = (one: ts.Node): boolean => {
    const symbol = ts.isIdentifier(one) ? facts.checker.getSymbolAtLocation(one) : undefined
    return symbol !== undefined && clients.has(symbol)
  }
  if (isClient(value)) return 'alone'
  if (ts.isArrayLiteralExpression(value)) return value.elements.some(isClient) ? 'with-release' : undefined
  if (ts.isObjectLiteralExpression(value)) {
    const isHeld = value.properties.some((property) => {
      if (ts.isPropertyAssignment(property)) return isClient(property.initializer)
      if (!ts.isShorthandPropertyAssignment(property)) return false
      const symbol = facts.checker.getShorthandAssignmentValueSymbol(property)
      return symbol !== undefined && clients.has(symbol)
    })
    return isHeld ? 'with-release' : undefined
  }
  if (!ts.isCallExpression(value)) return undefined
  const index = value.arguments.findIndex(isClient)
  return index >= 0 && handsBack(value, index, facts) ? 'alone' : undefined
}

/** `prepare(client)`, which does something with it and returns it. */
function handsBack(call: ts.CallExpression, index: number, facts: TypeFacts): boolean {
  const [declaration] = facts.calleeOf(unwrapExpression(call.expression))
  const callee = declaration && functionNode(declaration, facts)
  const name = callee?.parameters[index]?.name
  if (callee?.body === undefined || name === undefined || !ts.isIdentifier(name)) return false
  const symbol = facts.checker.getSymbolAtLocation(name)
  const returned = returnedExpressions(callee.body).map(unwrapExpression)
  return (
    returned.length > 0 &&
    returned.every((one) => ts.isIdentifier(one) && facts.checker.getSymbolAtLocation(one) === symbol)
  )
}
