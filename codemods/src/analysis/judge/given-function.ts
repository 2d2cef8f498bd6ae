import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import { containsNode, methodOf, unwrapExpression, type FunctionLike } from '../syntax/syntax'

const listening: ReadonlySet<string> = new Set(['on', 'once', 'addListener', 'prependListener'])

/** They call what they are given once, later, as a query does. */
const once: ReadonlySet<string> = new Set(['setTimeout', 'setImmediate', 'queueMicrotask'])

/** `stream.on('end', …)` */
export function listensTo(call: ts.CallExpression | ts.NewExpression): boolean {
  return ts.isCallExpression(call) && listening.has(methodOf(call)?.method ?? '')
}

/** `answer.then(…)`, `setTimeout(…, delay)`: the rest of what is done here. */
export function goesOnWith(call: ts.CallExpression | ts.NewExpression): boolean {
  if (!ts.isCallExpression(call)) return false
  const callee = unwrapExpression(call.expression)
  if (ts.isIdentifier(callee)) return once.has(callee.text)
  return /^(then|catch|finally|nextTick)$/.test(methodOf(call)?.method ?? '')
}

/**
 * Whether a call keeps a function that it is given for others: it is the caller's, as `resolve` of a promise is, an interval, or an object
 * from outside that is listened to. Anything else is taken to call it and be done, as queries and readers of files are.
 */
export function keepsFunction(
  call: ts.CallExpression | ts.NewExpression,
  root: ts.Expression,
  callback: FunctionLike,
  checker: ts.TypeChecker,
): boolean {
  if (listensTo(call)) return true
  if (!ts.isIdentifier(root)) return false
  if (root.text === 'setInterval') return true
  const declaration = checker.getSymbolAtLocation(root)?.declarations?.[0]
  const isGiven = declaration !== undefined && ts.isParameter(declaration)
  return isGiven && unwrapExpression(call.expression) === root && !containsNode(callback, declaration)
}

/** The name that an expression begins with: `client` of `client.query(text).then` */
export function rootOf(expression: ts.Expression): ts.Expression {
  let root = unwrapExpression(expression)
  while (
    ts.isPropertyAccessExpression(root) ||
    ts.isElementAccessExpression(root) ||
    ts.isCallExpression(root)
  )
    root = unwrapExpression(root.expression)
  return root
}

/** Whether a method gives a connection back: its own one, or one of the pool that gets it as an argument. */
export function isListedMethod(dialect: Dialect, on: 'connection' | 'receiver', method: string): boolean {
  return dialect.release.some((rule) => rule.on === on && rule.method === method)
}
