import ts from 'typescript'
import type { AcquireRule, EvidenceRule } from '../../model/dialect'
import type { AcquireCall } from '../connection/acquire-call'
import {
  enclosingFunction,
  isAssignmentOperator,
  isDrivenYield,
  isFunctionWithBody,
  outermost,
  receiverText,
  unwrapExpression,
  walk,
} from '../syntax/syntax'

/**
 * Whether the way in which a call's result is used shows what the call is, where no type does. The modules that the package knows
 * are part of it: `connect()` and `release()` mean a pool of PostgreSQL only to those who have its driver.
 */
export function isEvident(
  candidate: AcquireCall,
  evidence: readonly EvidenceRule[],
  modules: ReadonlySet<string>,
  checker: ts.TypeChecker,
): boolean {
  return evidence.some((one) => isShownBy(one, candidate, modules, checker))
}

function isShownBy(
  evidence: EvidenceRule,
  candidate: AcquireCall,
  modules: ReadonlySet<string>,
  checker: ts.TypeChecker,
): boolean {
  const { call } = candidate
  if (evidence.modules !== undefined && !evidence.modules.some((name) => modules.has(name))) return false
  if (candidate.kind === 'scoped')
    return /pool/i.test(candidate.receiver.getText()) && isEvidentScope(call, candidate.rule.callbackArgument)
  const { rule } = candidate
  const callback = rule.callbackArgument === undefined ? undefined : call.arguments.at(-1)
  if (callback !== undefined) return isEvidentCallback(callback, evidence, checker)
  const { uses, alsoUses } = evidence
  if (uses === undefined && alsoUses === undefined) return true
  if (call.arguments.length > (rule.maxArguments ?? 0)) return false
  const asked = membersAskedOf(call, rule, checker)
  return [uses, alsoUses].every((some) => some === undefined || some.some((name) => asked.has(name)))
}

/** A function in place that takes a connection or nothing, on what is called a pool: not the `(error) => …` of a client that is told to connect. */
function isEvidentScope(call: ts.CallExpression, index: number): boolean {
  const callback = call.arguments[index]
  if (
    callback === undefined ||
    call.arguments.length !== 1 ||
    !isFunctionWithBody(unwrapExpression(callback))
  )
    return false
  const [first, second] = (unwrapExpression(callback) as ts.ArrowFunction).parameters
  return second === undefined && !/^_?e(rr(or)?)?$/i.test(first?.name.getText() ?? '')
}

function isEvidentCallback(
  callback: ts.Expression,
  evidence: EvidenceRule,
  checker: ts.TypeChecker,
): boolean {
  const called = functionOf(callback, checker)
  if (called === undefined) return false
  const handle = called.parameters[1]?.name
  if (handle === undefined) return false
  if (called.parameters.length >= (evidence.callbackParameters ?? Infinity)) return true
  if (!ts.isIdentifier(handle)) return false
  const asked = membersOfName(handle, called, checker)
  return [evidence.uses ?? ['release'], evidence.alsoUses].every(
    (some) => some === undefined || some.some((name) => asked.has(name)),
  )
}

/** Whether the acquired object, or the parameter of a scope, is asked to run a statement. */
export function sendsStatements(acquire: AcquireCall, checker: ts.TypeChecker): boolean {
  if (acquire.kind === 'acquire') return asksStatement(membersAskedOf(acquire.call, acquire.rule, checker))
  const callback = acquire.call.arguments[acquire.rule.callbackArgument]
  const called = callback === undefined ? undefined : functionOf(callback, checker)
  const name = called?.parameters[0]?.name
  return (
    called !== undefined &&
    name !== undefined &&
    ts.isIdentifier(name) &&
    asksStatement(membersOfName(name, called, checker))
  )
}

function asksStatement(asked: ReadonlySet<string>): boolean {
  return asked.has('query') || asked.has('execute')
}

function functionOf(
  callback: ts.Expression,
  checker: ts.TypeChecker,
): ts.FunctionLikeDeclaration | undefined {
  const bare = unwrapExpression(callback)
  if (isFunctionWithBody(bare)) return bare
  if (!ts.isIdentifier(bare)) return undefined
  const declaration = checker.getSymbolAtLocation(bare)?.declarations?.[0]
  if (declaration === undefined) return undefined
  if (isFunctionWithBody(declaration)) return declaration
  const initializer = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined
  return initializer !== undefined && isFunctionWithBody(initializer) ? initializer : undefined
}

/** Every member that is asked of the call's result, wherever it is bound. */
export function membersAskedOf(
  call: ts.CallExpression,
  rule: Pick<AcquireRule, 'isSync'>,
  checker: ts.TypeChecker,
): ReadonlySet<string> {
  let value: ts.Expression = throughHandlers(outermost(call))
  if (ts.isAwaitExpression(value.parent) || isDrivenYield(value.parent)) value = outermost(value.parent)
  else if (rule.isSync !== true) return membersOfChain(value, checker)
  for (;;) {
    const { parent } = value
    if (ts.isConditionalExpression(parent) || (ts.isBinaryExpression(parent) && isPassedOn(parent, value)))
      value = outermost(parent)
    else break
  }
  const { parent } = value
  if (ts.isVariableDeclaration(parent)) {
    if (ts.isIdentifier(parent.name)) return membersOfName(parent.name, scopeOf(parent.name), checker)
    return new Set(
      parent.name.elements.flatMap((element) =>
        ts.isBindingElement(element) ? [(element.propertyName ?? element.name).getText()] : [],
      ),
    )
  }
  if (ts.isBinaryExpression(parent) && isAssignmentOperator(parent.operatorToken.kind)) {
    const target = unwrapExpression(parent.left)
    if (ts.isIdentifier(target)) return membersOfName(target, target.getSourceFile(), checker)
    if (ts.isPropertyAccessExpression(target)) return membersOfText(target)
  }
  if (ts.isPropertyAccessExpression(parent)) return new Set([parent.name.text])
  return new Set()
}

/** `pool.connect().catch(…)` gives what the call gives, unless the handler answers in its place. */
function throughHandlers(value: ts.Expression): ts.Expression {
  const { parent } = value
  return ts.isPropertyAccessExpression(parent) &&
    /^(catch|finally)$/.test(parent.name.text) &&
    ts.isCallExpression(parent.parent) &&
    ts.isAwaitExpression(outermost(parent.parent).parent)
    ? throughHandlers(outermost(parent.parent))
    : value
}

function isPassedOn(parent: ts.BinaryExpression, value: ts.Expression): boolean {
  return parent.right === value && !isAssignmentOperator(parent.operatorToken.kind)
}

/** `pool.connect().then((client) => …)` */
function membersOfChain(value: ts.Expression, checker: ts.TypeChecker): ReadonlySet<string> {
  const { parent } = value
  if (!ts.isPropertyAccessExpression(parent) || parent.name.text !== 'then') return new Set()
  const [callback] = ts.isCallExpression(parent.parent) ? parent.parent.arguments : []
  if (callback === undefined || !isFunctionWithBody(callback)) return new Set()
  const name = callback.parameters[0]?.name
  return name !== undefined && ts.isIdentifier(name) ? membersOfName(name, callback, checker) : new Set()
}

function scopeOf(name: ts.Node): ts.Node {
  return enclosingFunction(name)
}

function membersOfName(name: ts.Identifier, scope: ts.Node, checker: ts.TypeChecker): ReadonlySet<string> {
  const symbol = checker.getSymbolAtLocation(name)
  const found = new Set<string>()
  walk(scope, (node) => {
    if (ts.isIdentifier(node) && node.text === name.text && node !== name) {
      const { parent } = outermost(node)
      if (
        ts.isPropertyAccessExpression(parent) &&
        unwrapExpression(parent.expression) === node &&
        checker.getSymbolAtLocation(node) === symbol
      )
        found.add(parent.name.text)
    }
    return undefined
  })
  return found
}

/** Members of a field, by what the field is called in this file. */
function membersOfText(field: ts.PropertyAccessExpression): ReadonlySet<string> {
  const text = receiverText(field)
  const found = new Set<string>()
  walk(field.getSourceFile(), (node) => {
    if (
      ts.isPropertyAccessExpression(node) &&
      ts.isPropertyAccessExpression(unwrapExpression(node.expression)) &&
      receiverText(node.expression) === text
    )
      found.add(node.name.text)
    return undefined
  })
  return found
}
