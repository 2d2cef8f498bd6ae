import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import type { AcquireCall } from '../connection/acquire-call'
import { calledName, isFunctionWithBody, methodOf, unwrapExpression, walk } from '../syntax/syntax'
import type { Match } from './receiver-types'

/** Whether a call whose name is a dialect's belongs to that dialect. */
export type AcquireDecision = (candidate: AcquireCall) => Match

export interface NamedCall {
  readonly call: ts.CallExpression
  readonly receiver: ts.Expression
  readonly method: string
}

/** Every call of a file that has a name. */
export function namedCalls(sourceFile: ts.SourceFile): readonly NamedCall[] {
  const found: NamedCall[] = []
  walk(sourceFile, (node) => {
    if (!ts.isCallExpression(node)) return undefined
    const named = calledName(node)
    if (named !== undefined) found.push({ call: node, ...named })
    return undefined
  })
  return found
}

/** Calls whose method name is a dialect's, and whose receiver is decided to be; whether there are others that nothing decides. */
export function findAcquires(
  calls: readonly NamedCall[],
  dialects: readonly Dialect[],
  decide: AcquireDecision,
): { readonly found: readonly AcquireCall[]; readonly isUndecided: boolean } {
  const found: AcquireCall[] = []
  let isUndecided = false
  for (const named of calls) {
    const candidates = dialects.flatMap((dialect) => candidateOf(named, dialect) ?? [])
    const acquire = candidates.find((candidate) => {
      const decision = decide(candidate)
      if (decision === 'unknown' || decision === 'doubtful') isUndecided = true
      return decision === 'yes'
    })
    if (acquire !== undefined) found.push(acquire)
  }
  return { found, isUndecided }
}

/** Whether a call names a function and no receiver. */
export function isBareCall({ receiver, call }: Pick<AcquireCall, 'receiver' | 'call'>): boolean {
  return ts.isIdentifier(receiver) && methodOf(call) === undefined
}

function candidateOf({ call, receiver, method }: NamedCall, dialect: Dialect): AcquireCall | undefined {
  const scoped = dialect.scoped.find((rule) => rule.method === method)
  if (scoped !== undefined && looksLikeFunction(call.arguments[scoped.callbackArgument])) {
    return { kind: 'scoped', dialect, call, receiver, method, rule: scoped }
  }
  const rule = dialect.acquire.find((one) => one.method === method)
  if (rule !== undefined) return { kind: 'acquire', dialect, call, receiver, method, rule }
  return scoped === undefined ? undefined : { kind: 'scoped', dialect, call, receiver, method, rule: scoped }
}

/** A function written in place, or a name that stands for one: anything but a plain value. */
function looksLikeFunction(argument: ts.Expression | undefined): boolean {
  if (argument === undefined) return false
  const bare = unwrapExpression(argument)
  return (
    isFunctionWithBody(bare) ||
    ts.isIdentifier(bare) ||
    ts.isPropertyAccessExpression(bare) ||
    ts.isCallExpression(bare)
  )
}
