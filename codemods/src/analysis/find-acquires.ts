import { ts } from 'ts-morph'
import type { Dialect } from '../model/dialect'
import type { AcquireCall } from './acquire-call'
import { isFunctionWithBody, methodOf, unwrapExpression, walk } from './syntax'

/** Whether the receiver of a call belongs to a dialect. */
export type ReceiverDecision = (receiver: ts.Expression, dialect: Dialect) => 'yes' | 'no' | 'unknown'

/** Calls whose method name is a dialect's, and whose receiver is decided to be; the undecided are returned apart. */
export function findAcquires(
  sourceFile: ts.SourceFile,
  dialects: readonly Dialect[],
  decide: ReceiverDecision,
): { found: AcquireCall[]; undecided: boolean } {
  const found: AcquireCall[] = []
  let undecided = false
  walk(sourceFile, (node) => {
    if (!ts.isCallExpression(node)) return undefined
    const named = methodOf(node)
    if (named === undefined) return undefined
    for (const dialect of dialects) {
      const candidate = candidateOf(node, named, dialect)
      if (candidate === undefined) continue
      const decision = decide(named.receiver, dialect)
      if (decision === 'unknown') undecided = true
      if (decision !== 'yes') continue
      found.push(candidate)
      break
    }
    return undefined
  })
  return { found, undecided }
}

function candidateOf(
  call: ts.CallExpression,
  { receiver, method }: { receiver: ts.Expression; method: string },
  dialect: Dialect,
): AcquireCall | undefined {
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
