import ts from 'typescript'
import { methodOf, outermost, walk } from '../analysis/syntax/syntax'
import { quoted, quoteOf } from '../rewrite/service-call'
import { importConnections } from './connections-import'
import type { CleanupContext } from './context'
import type { CleanupPackage } from './load-workspace'
import { isLegacyType } from './legacy-types'
import { comesFromFacade } from './facade-values'
import { refusalAt, editOf, type FileEdit, type Step } from './step'

const methods = [
  'getDbConnection',
  'releaseDbConnection',
  'getconn',
  'putconn',
  'connection',
  'withConnection',
  'closeall',
] as const
type FacadeMethod = (typeof methods)[number]

/** A call of the ferry's old API and what it comes to on the service. */
interface FacadeCall {
  readonly call: ts.CallExpression
  readonly method: FacadeMethod
}

/**
 * Calls that no rewrite could prove to be a scope: connections that are kept, handed on or given back elsewhere. Each takes from and
 * gives back to the service as it did to the facade, call by call; nothing about when it does so changes.
 */
export function convertFacadeCalls(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file) => {
    if (context.unmigrated.has(file.fileName)) return []
    const calls = facadeCalls(file, context)
    const isMixed = hasUnknownRelease(context.packageOf(file), context)
    const converted = calls.flatMap((call) => {
      const edits = isMixed && !isRelease(call) ? undefined : convert(call, context)
      return edits === undefined ? [] : [{ ...call, edits }]
    })
    if (converted.length === 0) return []
    const imported = converted.some((one) => !isRelease(one)) ? importConnections(file, context) : []
    if (imported === undefined) return []
    const [first] = converted
    const what = converted.map(({ call }) => methodOf(call)?.method ?? '').join(', ')
    const edits = [...converted.flatMap((one) => one.edits), ...imported]
    return [{ kind: 'facade-call', what, path: file.fileName, start: first?.call.getStart() ?? 0, edits }]
  })
}

function isRelease({ method }: FacadeCall): boolean {
  return method === 'putconn' || method === 'releaseDbConnection'
}

/**
 * Whether a package gives connections back through something that may or may not be the facade. What the service gave must not
 * come back there, so nothing is taken from the service then.
 */
function hasUnknownRelease(entry: CleanupPackage | undefined, context: CleanupContext): boolean {
  return context.editable().some((file) => {
    if (context.packageOf(file) !== entry) return false
    let isFound = false
    walk(file, (node) => {
      const named = ts.isCallExpression(node) ? methodOf(node) : undefined
      if (named === undefined || !['putconn', 'releaseDbConnection'].includes(named.method)) return undefined
      const type = context.checker.getTypeAtLocation(named.receiver)
      const isClass = type.getSymbol()?.declarations?.some(ts.isClassDeclaration) === true
      if (!isClass && isLegacyType(type, context) && !comesFromFacade(named.receiver, context)) isFound = true
      return undefined
    })
    return isFound
  })
}

/** Calls that stay, with the reason. */
export function refuseFacadeCalls(context: CleanupContext): void {
  for (const file of context.editable()) {
    for (const { call, method } of facadeCalls(file, context)) {
      const { target } = context.packageOf(file) ?? {}
      const reason = context.unmigrated.has(file.fileName)
        ? 'not-migrated'
        : isKeyed(call, method)
          ? 'keyed-acquire'
          : target?.connections === undefined
            ? 'no-connections'
            : 'facade-used'
      context.refusals.push(refusalAt(call, reason, call.getText().slice(0, 60)))
    }
  }
}

function facadeCalls(file: ts.SourceFile, context: CleanupContext): readonly FacadeCall[] {
  const found: FacadeCall[] = []
  walk(file, (node) => {
    if (!ts.isCallExpression(node)) return undefined
    const named = methodOf(node)
    const method = methods.find((one) => one === named?.method)
    if (named !== undefined && method !== undefined && comesFromFacade(named.receiver, context))
      found.push({ call: node, method })
    return undefined
  })
  return found
}

function isKeyed(call: ts.CallExpression, method: FacadeMethod): boolean {
  const key = method === 'getconn' ? call.arguments[0] : method === 'putconn' ? call.arguments[1] : undefined
  return key !== undefined && !/^(undefined|null)$/.test(key.getText())
}

function convert({ call, method }: FacadeCall, context: CleanupContext): readonly FileEdit[] | undefined {
  const { target } = context.packageOf(call.getSourceFile()) ?? {}
  if (target?.connections === undefined || isKeyed(call, method)) return undefined
  const reference =
    target.connections.kind === 'import' ? target.connections.name : target.connections.expression
  const purpose = quoted(target.purpose, quoteOf(call.getSourceFile()))
  const [first, second, third] = call.arguments
  switch (method) {
    case 'getDbConnection':
    case 'withConnection':
      if (first !== undefined) return respell(call, reference, 'withConnection', `${purpose}, `)
      return method === 'withConnection' ? undefined : respell(call, reference, acquireName(call), purpose)
    case 'getconn':
      return respell(call, reference, acquireName(call), purpose)
    case 'connection':
      return first === undefined ? respell(call, reference, 'connection', purpose) : undefined
    case 'releaseDbConnection':
      return first === undefined ? undefined : [release(call, first, second)]
    case 'putconn':
      return first === undefined ? undefined : [release(call, first, third)]
    case 'closeall':
      return undefined
  }
}

/** Receiver, method and the first argument are written anew; everything else of the call keeps its place and its lines. */
function respell(
  call: ts.CallExpression,
  reference: string,
  method: string,
  argument: string,
): readonly FileEdit[] | undefined {
  const callee = call.expression
  if (!ts.isPropertyAccessExpression(callee)) return undefined
  const { fileName, text } = call.getSourceFile()
  const [first] = call.arguments
  const open = text.indexOf('(', call.typeArguments?.end ?? callee.end) + 1
  const start = first?.getStart() ?? open
  const end = first?.getStart() ?? call.end - 1
  return [
    editOf(callee.expression, reference),
    editOf(callee.name, method),
    { path: fileName, start, end, text: argument },
  ]
}

/** What an `await using` disposes must be a scope; anything else is given back by hand. */
function acquireName(call: ts.CallExpression): 'connection' | 'acquireConnection' {
  let outer: ts.Node = outermost(call).parent
  while (ts.isAwaitExpression(outer) || ts.isParenthesizedExpression(outer)) outer = outer.parent
  const isScoped =
    ts.isVariableDeclaration(outer) &&
    ts.isVariableDeclarationList(outer.parent) &&
    /^await\s+using\b/.test(outer.parent.getText())
  return isScoped ? 'connection' : 'acquireConnection'
}

/** The connection gives itself back. What waited for the old give-back has nothing to wait for. */
function release(
  call: ts.CallExpression,
  connection: ts.Expression,
  outcome: ts.Expression | undefined,
): FileEdit {
  const receiver =
    ts.isIdentifier(connection) ||
    ts.isPropertyAccessExpression(connection) ||
    ts.isNonNullExpression(connection)
      ? connection.getText()
      : `(${connection.getText()})`
  const text = `${receiver}.release(${outcome?.getText() ?? ''})`
  const outer = outermost(call)
  const { parent } = outer
  const isWaitedFor = ts.isAwaitExpression(parent) && ts.isExpressionStatement(parent.parent)
  return editOf(isWaitedFor ? parent : call, text)
}
