import ts from 'typescript'
import { buildCondition, buildExpression, isTest } from './flow-expressions'
import type { FlowContext, FlowGraph, FlowNode } from './flow-node'

/** Label of `break` and `continue` without a label. */
const unlabelled = ''

export function buildFlowGraph(
  body: ts.ConciseBody | ts.SourceFile,
  tracked: ReadonlySet<string>,
): FlowGraph {
  let size = 0
  const make = (node: Omit<FlowNode, 'id'>): FlowNode => ({ ...node, id: size++ })
  const exitReturn = make({ kind: 'exit-return' })
  const exitThrow = make({ kind: 'exit-throw' })
  const context: FlowContext = {
    make,
    onReturn: exitReturn,
    onThrow: exitThrow,
    breaks: new Map(),
    continues: new Map(),
    tracked,
  }
  const entry =
    ts.isBlock(body) || ts.isSourceFile(body)
      ? buildStatements(body.statements, exitReturn, context)
      : buildExpression(body, exitReturn, context)
  return { entry, exitReturn, exitThrow, size }
}

function buildStatements(
  statements: readonly ts.Statement[],
  next: FlowNode,
  context: FlowContext,
): FlowNode {
  const using = statements.findIndex(isUsing)
  if (using >= 0) {
    const declaration = statements[using] as ts.VariableStatement
    const leave = (target: FlowNode): FlowNode =>
      context.make({ kind: 'dispose', ast: declaration, next: target })
    const scope = throughFinally(context, leave)
    const rest = buildStatements(statements.slice(using + 1), scope.through(next), scope.context)
    return buildStatements(
      statements.slice(0, using),
      buildVariables(declaration.declarationList, rest, context),
      context,
    )
  }
  return statements.reduceRight((following, statement) => buildStatement(statement, following, context), next)
}

function buildStatement(
  statement: ts.Statement,
  next: FlowNode,
  context: FlowContext,
  label?: string,
): FlowNode {
  if (ts.isBlock(statement)) return buildStatements(statement.statements, next, context)
  if (ts.isVariableStatement(statement)) return buildVariables(statement.declarationList, next, context)
  if (ts.isExpressionStatement(statement)) return buildExpression(statement.expression, next, context)
  if (ts.isIfStatement(statement)) {
    const otherwise = statement.elseStatement ? buildStatement(statement.elseStatement, next, context) : next
    return buildCondition(
      statement.expression,
      buildStatement(statement.thenStatement, next, context),
      otherwise,
      context,
    )
  }
  if (ts.isReturnStatement(statement)) {
    const leave = context.make({ kind: 'eval', ast: statement, next: context.onReturn })
    return statement.expression ? buildExpression(statement.expression, leave, context) : leave
  }
  if (ts.isThrowStatement(statement)) {
    return buildExpression(
      statement.expression,
      context.make({ kind: 'eval', ast: statement, thrown: context.onThrow }),
      context,
    )
  }
  if (ts.isBreakStatement(statement))
    return context.breaks.get(statement.label?.text ?? unlabelled) ?? context.onReturn
  if (ts.isContinueStatement(statement))
    return context.continues.get(statement.label?.text ?? unlabelled) ?? context.onReturn
  if (ts.isTryStatement(statement)) return buildTry(statement, next, context)
  if (ts.isLabeledStatement(statement)) {
    const inner = { ...context, breaks: new Map(context.breaks).set(statement.label.text, next) }
    return buildStatement(statement.statement, next, inner, statement.label.text)
  }
  if (ts.isIterationStatement(statement, false)) return buildLoop(statement, next, context, label)
  if (ts.isSwitchStatement(statement)) return buildSwitch(statement, next, context)
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return context.make({ kind: 'eval', ast: statement, next })
  if (ts.isExportAssignment(statement)) return buildExpression(statement.expression, next, context)
  return next
}

function buildVariables(list: ts.VariableDeclarationList, next: FlowNode, context: FlowContext): FlowNode {
  return list.declarations.reduceRight((following, declaration) => {
    if (
      declaration.initializer !== undefined &&
      (isTest(declaration.initializer) || isPlainName(declaration.initializer))
    ) {
      const bound = (truth: boolean): FlowNode =>
        context.make({ kind: 'eval', ast: declaration, truth, next: following })
      return buildCondition(declaration.initializer, bound(true), bound(false), context)
    }
    const bind = context.make({ kind: 'eval', ast: declaration, next: following })
    return declaration.initializer ? buildExpression(declaration.initializer, bind, context) : bind
  }, next)
}

/** `let client = given`, `const client = options.client`: the copy is there when the original is. */
function isPlainName(value: ts.Expression): boolean {
  if (ts.isIdentifier(value)) return value.text !== 'undefined'
  return ts.isPropertyAccessExpression(value) && isPlainName(value.expression)
}

function buildTry(statement: ts.TryStatement, next: FlowNode, context: FlowContext): FlowNode {
  const { tryBlock, catchClause, finallyBlock } = statement
  const outer = finallyBlock
    ? throughFinally(context, (target) => buildStatements(finallyBlock.statements, target, context))
    : { context, through: (target: FlowNode) => target }
  const after = outer.through(next)
  if (catchClause === undefined) return buildStatements(tryBlock.statements, after, outer.context)
  const handler = context.make({
    kind: 'eval',
    ast: catchClause,
    next: buildStatements(catchClause.block.statements, after, outer.context),
  })
  return buildStatements(tryBlock.statements, after, { ...outer.context, onThrow: handler })
}

/** A context in which every way out first runs `leave`, built once per destination. */
function throughFinally(
  context: FlowContext,
  leave: (target: FlowNode) => FlowNode,
): { context: FlowContext; through: (target: FlowNode) => FlowNode } {
  const built = new Map<FlowNode, FlowNode>()
  const through = (target: FlowNode): FlowNode => {
    const known = built.get(target)
    if (known !== undefined) return known
    const node = leave(target)
    built.set(target, node)
    return node
  }
  const throughAll = (targets: ReadonlyMap<string, FlowNode>): ReadonlyMap<string, FlowNode> =>
    new Map([...targets].map(([label, target]) => [label, through(target)]))
  return {
    through,
    context: {
      ...context,
      onReturn: through(context.onReturn),
      onThrow: through(context.onThrow),
      breaks: throughAll(context.breaks),
      continues: throughAll(context.continues),
    },
  }
}

function buildLoop(
  statement: ts.IterationStatement,
  next: FlowNode,
  context: FlowContext,
  label?: string,
): FlowNode {
  const again: FlowNode = context.make({ kind: 'join' })
  const step =
    ts.isForStatement(statement) && statement.incrementor
      ? buildExpression(statement.incrementor, again, context)
      : again
  const named = label === undefined ? [unlabelled] : [unlabelled, label]
  const inner: FlowContext = {
    ...context,
    breaks: new Map([...context.breaks, ...named.map((name) => [name, next] as const)]),
    continues: new Map([...context.continues, ...named.map((name) => [name, step] as const)]),
  }
  if (ts.isDoStatement(statement)) {
    // The condition sits behind the body: `continue` goes there.
    const test: FlowNode = context.make({ kind: 'join' })
    const body = buildStatement(statement.statement, test, {
      ...inner,
      continues: new Map([...inner.continues, ...named.map((name) => [name, test] as const)]),
    })
    test.next = buildCondition(statement.expression, body, next, context)
    return body
  }
  const body = buildStatement(statement.statement, step, inner)
  if (ts.isWhileStatement(statement)) {
    again.next = buildCondition(statement.expression, body, next, context)
    return again
  }
  if (ts.isForStatement(statement)) {
    again.next = statement.condition ? buildCondition(statement.condition, body, next, context) : body
    const { initializer } = statement
    if (initializer === undefined) return again
    return ts.isVariableDeclarationList(initializer)
      ? buildVariables(initializer, again, context)
      : buildExpression(initializer, again, context)
  }
  const each = statement as ts.ForInOrOfStatement
  // Asking the iterator may throw; whether it has another value is not known.
  again.next = context.make({
    kind: 'branch',
    ast: each,
    next: body,
    otherwise: next,
    thrown: context.onThrow,
  })
  return buildExpression(each.expression, again, context)
}

function buildSwitch(statement: ts.SwitchStatement, next: FlowNode, context: FlowContext): FlowNode {
  const inner = { ...context, breaks: new Map(context.breaks).set(unlabelled, next) }
  const { clauses } = statement.caseBlock
  const bodies: FlowNode[] = []
  clauses.reduceRight(
    (following, clause, index) => (bodies[index] = buildStatements(clause.statements, following, inner)),
    next,
  )
  const fallback = clauses.findIndex(ts.isDefaultClause)
  const tests = clauses.reduceRight(
    (following, clause, index) =>
      ts.isCaseClause(clause)
        ? buildExpression(
            clause.expression,
            context.make({ kind: 'branch', ast: clause, next: bodies[index] ?? next, otherwise: following }),
            context,
          )
        : following,
    (fallback >= 0 ? bodies[fallback] : undefined) ?? next,
  )
  return buildExpression(statement.expression, tests, context)
}

function isUsing(statement: ts.Statement): boolean {
  return ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Using) !== 0
}
