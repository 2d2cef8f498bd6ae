import ts from 'typescript'
import { enclosingFunction, outermost, unwrapExpression } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { isEntryFile } from './entry-files'
import { findFerries } from './ferries'
import { isPure, removeLines } from './removal'
import { editOf, type FileEdit, type Step } from './step'

/** A unit of work has nothing to keep together any more: its work runs by itself, and so does that of functions that only pass it on. */
export function unwrapUnits(context: CleanupContext): readonly Step[] {
  return findFerries(context).flatMap(({ uses }) =>
    uses.flatMap((use): Step[] => {
      if (use.kind !== 'unit' || !use.rest.every(isPure) || !context.isEditable(use.call.getSourceFile()))
        return []
      const wrapper = wrapperOf(use.call, use.work)
      const unused = wrapper === undefined ? undefined : removeUnusedWrapper(wrapper, context)
      if (unused !== undefined) return [unused]
      const callers = wrapper === undefined ? undefined : callersOf(wrapper, context)
      // First those who go through the wrapper, then the wrapper, which nobody calls by then.
      const edits =
        callers !== undefined && callers.length > 0
          ? callers.flatMap(({ call, work }) => unwrapCall(call, work, context))
          : unwrapCall(use.call, use.work, context)
      const path = use.call.getSourceFile().fileName
      const what = `unit of work at ${String(use.call.getStart())}${callers?.length ? ' and its callers' : ''}`
      return edits.length === 0
        ? []
        : [{ kind: 'unit-of-work', what, path, start: use.call.getStart(), edits }]
    }),
  )
}

interface Wrapper {
  readonly declaration: ts.FunctionDeclaration
  readonly name: ts.Identifier
  readonly parameter: number
}

/** `function unitOfWork(work) { return ferry.unitOfWork('x', work) }`. */
function wrapperOf(call: ts.CallExpression, work: ts.Expression): Wrapper | undefined {
  const owner = enclosingFunction(call)
  if (!ts.isFunctionDeclaration(owner) || owner.name === undefined || owner.body?.statements.length !== 1)
    return undefined
  const [statement] = owner.body.statements
  const returned =
    statement !== undefined && ts.isReturnStatement(statement) ? statement.expression : undefined
  if (returned === undefined) return undefined
  const bare = unwrapExpression(returned)
  const direct = ts.isAwaitExpression(bare) ? unwrapExpression(bare.expression) : bare
  if (direct !== call || !ts.isIdentifier(work)) return undefined
  const parameter = owner.parameters.findIndex(({ name }) => ts.isIdentifier(name) && name.text === work.text)
  return parameter === -1 ? undefined : { declaration: owner, name: owner.name, parameter }
}

/** A wrapper that nobody calls was there for the ferry alone. */
function removeUnusedWrapper({ declaration, name }: Wrapper, context: CleanupContext): Step | undefined {
  // What an entry offers may be called from where nobody sees it.
  if (context.references(name).length > 0 || isEntryFile(name.getSourceFile().fileName, context))
    return undefined
  const path = name.getSourceFile().fileName
  const edits = [removeLines(declaration)]
  return { kind: 'unit-of-work', what: name.text, path, start: declaration.getStart(), edits }
}

/** All calls of a wrapper; undefined when it is used in another way, or where it may not be changed. */
function callersOf(
  { name, parameter }: Wrapper,
  context: CleanupContext,
): readonly { readonly call: ts.CallExpression; readonly work: ts.Expression }[] | undefined {
  const calls = context
    .references(name)
    .filter((mention) => !isPassedOn(mention))
    .map((mention) => {
      const callee = outermost(mention)
      const call = callee.parent
      if (
        !ts.isCallExpression(call) ||
        call.expression !== callee ||
        !context.isEditable(call.getSourceFile())
      )
        return undefined
      const work = call.arguments[parameter]
      return work !== undefined && call.arguments.every((one) => one === work || isPure(one))
        ? { call, work }
        : undefined
    })
  return calls.every((call) => call !== undefined) ? calls : undefined
}

function unwrapCall(
  call: ts.CallExpression,
  work: ts.Expression,
  context: CleanupContext,
): readonly FileEdit[] {
  const outer = outermost(call)
  const isAwaited = ts.isAwaitExpression(outer.parent)
  const fn = unwrapExpression(work)
  if (isAwaited) return unwrapAwaited(outer, fn)
  const simple = callOf(fn, context)
  if (simple !== undefined) return [editOf(outer, simple)]
  const returned = asyncReturn(outer, fn)
  if (returned !== undefined) return returned
  return [
    editOf(
      outer,
      ts.isArrowFunction(fn) || ts.isFunctionExpression(fn)
        ? callText(asAsync(fn))
        : `(async () => ${workText(fn)}())()`,
    ),
  ]
}

/** `await ferry.unitOfWork('x', …)`: the work's own statements, expression or call, awaited at the same place. */
function unwrapAwaited(outer: ts.Expression, fn: ts.Expression): readonly FileEdit[] {
  if (!ts.isArrowFunction(fn) && !ts.isFunctionExpression(fn)) return [editOf(outer, `${workText(fn)}()`)]
  if (fn.parameters.length === 0 && ts.isArrowFunction(fn)) {
    if (!ts.isBlock(fn.body)) {
      const { body } = fn
      const inner = unwrapExpression(body)
      const text = ts.isAwaitExpression(inner) ? inner.expression.getText() : body.getText()
      return [editOf(outer, bindsLoosely(inner) ? `(${text})` : text)]
    }
    const statement = statementAround(outer)
    if (statement !== undefined && canStandAsBlock(fn.body, statement))
      return [editOf(statement, fn.body.getText())]
  }
  return [editOf(outer, callText(asAsync(fn)))]
}

function bindsLoosely(expression: ts.Expression): boolean {
  return (
    ts.isConditionalExpression(expression) ||
    ts.isBinaryExpression(expression) ||
    ts.isArrowFunction(expression) ||
    ts.isYieldExpression(expression)
  )
}

/** The statement that is nothing but the awaited call, or that returns it. */
function statementAround(outer: ts.Expression): ts.Statement | undefined {
  const awaited = outermost(outer.parent as ts.Expression)
  const { parent } = awaited
  return ts.isExpressionStatement(parent) || ts.isReturnStatement(parent) ? parent : undefined
}

/** Whether the body means the same as a block: what it returns is what the statement returns, or it returns nothing. */
function canStandAsBlock(body: ts.Block, statement: ts.Statement): boolean {
  const [first] = body.statements
  if (first === undefined) return false
  if (!ts.isReturnStatement(statement)) return !hasReturn(body)
  const owner = statement.parent
  const isLast = ts.isBlock(owner) && owner.statements.at(-1) === statement && ts.isFunctionLike(owner.parent)
  const last = body.statements.at(-1)
  return isLast || (last !== undefined && (ts.isReturnStatement(last) || ts.isThrowStatement(last)))
}

function hasReturn(body: ts.Node): boolean {
  let found = false
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return
    if (ts.isReturnStatement(node)) found = true
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(body, visit)
  return found
}

/** `() => respond(request)` with an async function: it cannot throw before it has a promise to reject. */
function callOf(fn: ts.Expression, context: CleanupContext): string | undefined {
  if (!ts.isArrowFunction(fn) || ts.isBlock(fn.body) || fn.parameters.length > 0) return undefined
  const call = unwrapExpression(fn.body)
  if (!ts.isCallExpression(call) || !ts.isIdentifier(call.expression) || !call.arguments.every(isPure))
    return undefined
  const declaration = context.symbolOf(call.expression)?.valueDeclaration
  const isAsync =
    declaration !== undefined &&
    ts.isFunctionDeclaration(declaration) &&
    declaration.modifiers?.some((one) => one.kind === ts.SyntaxKind.AsyncKeyword) === true
  return isAsync ? call.getText() : undefined
}

/** `return ferry.unitOfWork('x', work)` of a plain function: made async, so that it still never throws. */
function asyncReturn(outer: ts.Expression, fn: ts.Expression): readonly FileEdit[] | undefined {
  const { parent } = outer
  const owner = enclosingFunction(outer)
  if (ts.isSourceFile(owner) || !ts.isFunctionDeclaration(owner) || !ts.isReturnStatement(parent))
    return undefined
  if (owner.body !== parent.parent || owner.asteriskToken !== undefined) return undefined
  const isAsync = owner.modifiers?.some((one) => one.kind === ts.SyntaxKind.AsyncKeyword) === true
  const text =
    ts.isArrowFunction(fn) || ts.isFunctionExpression(fn) ? callText(fn.getText()) : `${workText(fn)}()`
  const path = outer.getSourceFile().fileName
  const keyword = owner.getChildren().find((child) => child.kind === ts.SyntaxKind.FunctionKeyword)
  if (keyword === undefined) return undefined
  const start = keyword.getStart()
  return [
    ...(isAsync || owner.body.statements.length > 1 ? [] : [{ path, start, end: start, text: 'async ' }]),
    ...(isAsync || owner.body.statements.length === 1
      ? [editOf(outer, `await ${text}`)]
      : [editOf(outer, `(async () => ${text})()`)]),
  ]
}

function workText(fn: ts.Expression): string {
  return ts.isIdentifier(fn) || ts.isPropertyAccessExpression(fn) || ts.isCallExpression(fn)
    ? fn.getText()
    : `(${fn.getText()})`
}

function asAsync(fn: ts.ArrowFunction | ts.FunctionExpression): string {
  const isAsync = fn.modifiers?.some((one) => one.kind === ts.SyntaxKind.AsyncKeyword) === true
  return isAsync ? fn.getText() : `async ${fn.getText()}`
}

function callText(fn: string): string {
  return `(${fn})()`
}
