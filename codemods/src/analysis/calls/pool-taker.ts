import ts from 'typescript'
import type { AcquireCall } from '../connection/acquire-call'
import type { CalledFunctions } from '../modules/called-functions'
import { receiverEffect } from '../connection/receiver-effect'
import { unwrapExpression, type FunctionLike } from '../syntax/syntax'

/**
 * `getConnection(pool)` of whatever package, where its code is seen to be `return pool.connect()` and nothing else: the same as that call
 * written here. Arguments that the function does not even have a parameter for count for nothing.
 */
export function throughPoolTaker(
  acquire: AcquireCall,
  called: CalledFunctions,
  checker: ts.TypeChecker,
): AcquireCall {
  const { call, via } = acquire
  if (acquire.kind !== 'acquire' || via === undefined || call.arguments.length !== 1) return acquire
  const [argument] = call.arguments
  const callee = called.ofCall(call)
  if (argument === undefined || callee === undefined || receiverEffect(argument, checker) !== undefined)
    return acquire
  const rule = { ...acquire.rule, maxArguments: 1 }
  if (via.isPlain && callee === via.declaration) return { ...acquire, rule }
  return takesFromArgument(callee, acquire)
    ? { ...acquire, receiver: argument, rule, via: { declaration: callee, isPlain: true } }
    : acquire
}

/** `(pool) => pool.connect()` */
function takesFromArgument(callee: FunctionLike, { dialect }: AcquireCall): boolean {
  const [parameter, ...others] = callee.parameters
  const { body } = callee
  if (
    parameter === undefined ||
    others.length > 0 ||
    body === undefined ||
    ('asteriskToken' in callee && callee.asteriskToken !== undefined)
  )
    return false
  if (
    !ts.isIdentifier(parameter.name) ||
    parameter.dotDotDotToken !== undefined ||
    parameter.initializer !== undefined
  )
    return false
  const [only, ...rest] = ts.isBlock(body) ? body.statements : []
  const value = !ts.isBlock(body)
    ? body
    : only !== undefined && rest.length === 0 && ts.isReturnStatement(only)
      ? only.expression
      : undefined
  if (value === undefined) return false
  const bare = unwrapExpression(value)
  const taken = ts.isAwaitExpression(bare) ? unwrapExpression(bare.expression) : bare
  if (!ts.isCallExpression(taken) || taken.arguments.length > 0) return false
  const access = unwrapExpression(taken.expression)
  if (!ts.isPropertyAccessExpression(access) || access.questionDotToken !== undefined) return false
  const receiver = unwrapExpression(access.expression)
  return (
    ts.isIdentifier(receiver) &&
    receiver.text === parameter.name.text &&
    dialect.acquire.some(({ method }) => method === access.name.text)
  )
}
