import ts from 'typescript'
import type { FlowContext, FlowNode } from './flow-node'
import { isAssignmentOperator } from '../syntax/syntax'

/** The nodes of an expression in evaluation order, in front of `next`. */
export function buildExpression(
  expression: ts.Node,
  next: FlowNode,
  context: FlowContext,
  chainExit?: FlowNode,
): FlowNode {
  if (ts.isOptionalChain(expression) && !continuesChain(expression))
    return buildChain(expression, next, next, context)
  if (ts.isOptionalChain(expression)) return buildChain(expression, next, chainExit ?? next, context)
  const { thrown, eval: evaluate } = makers(expression, next, context)
  if (ts.isFunctionLike(expression) || ts.isClassLike(expression)) return evaluate()
  if (ts.isIdentifier(expression)) return context.tracked.has(expression.text) ? evaluate() : next
  if (ts.isParenthesizedExpression(expression) || ts.isNonNullExpression(expression))
    return buildExpression(expression.expression, next, context, chainExit)
  if (
    ts.isAsExpression(expression) ||
    ts.isSatisfiesExpression(expression) ||
    ts.isTypeAssertionExpression(expression)
  ) {
    return buildExpression(expression.expression, next, context)
  }
  if (ts.isAwaitExpression(expression) || ts.isYieldExpression(expression)) {
    return expression.expression ? buildExpression(expression.expression, thrown(), context) : thrown()
  }
  if (ts.isCallExpression(expression)) {
    if (endsProcess(expression))
      return inOrder(expression.arguments, context.make({ kind: 'eval', ast: expression }), context)
    const isSafe = ts.isIdentifier(expression.expression) && expression.expression.text === 'Boolean'
    const called = inOrder(expression.arguments, isSafe ? evaluate() : thrown(), context)
    return buildExpression(expression.expression, called, context, chainExit)
  }
  if (ts.isNewExpression(expression)) {
    return buildExpression(
      expression.expression,
      inOrder(expression.arguments ?? [], thrown(), context),
      context,
    )
  }
  if (ts.isPropertyAccessExpression(expression)) {
    const { kind } = expression.expression
    const isOwn = kind === ts.SyntaxKind.ThisKeyword || kind === ts.SyntaxKind.SuperKeyword
    const access = isOwn ? next : thrown()
    return buildExpression(expression.expression, access, context, chainExit)
  }
  if (ts.isElementAccessExpression(expression)) {
    return buildExpression(
      expression.expression,
      buildExpression(expression.argumentExpression, thrown(), context),
      context,
      chainExit,
    )
  }
  if (ts.isTaggedTemplateExpression(expression)) {
    return buildExpression(expression.tag, buildExpression(expression.template, thrown(), context), context)
  }
  if (ts.isBinaryExpression(expression)) return buildBinary(expression, next, context)
  if (ts.isConditionalExpression(expression)) {
    return buildCondition(
      expression.condition,
      buildExpression(expression.whenTrue, next, context),
      buildExpression(expression.whenFalse, next, context),
      context,
    )
  }
  return inOrder(childrenOf(expression), next, context)
}

/** The nodes of a condition, in front of the two ways it can go. */
export function buildCondition(
  condition: ts.Expression,
  whenTrue: FlowNode,
  whenFalse: FlowNode,
  context: FlowContext,
): FlowNode {
  if (ts.isParenthesizedExpression(condition))
    return buildCondition(condition.expression, whenTrue, whenFalse, context)
  if (ts.isPrefixUnaryExpression(condition) && condition.operator === ts.SyntaxKind.ExclamationToken) {
    return buildCondition(condition.operand, whenFalse, whenTrue, context)
  }
  if (
    ts.isBinaryExpression(condition) &&
    condition.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
  ) {
    return buildCondition(
      condition.left,
      buildCondition(condition.right, whenTrue, whenFalse, context),
      whenFalse,
      context,
    )
  }
  if (ts.isBinaryExpression(condition) && condition.operatorToken.kind === ts.SyntaxKind.BarBarToken) {
    return buildCondition(
      condition.left,
      whenTrue,
      buildCondition(condition.right, whenTrue, whenFalse, context),
      context,
    )
  }
  if (condition.kind === ts.SyntaxKind.TrueKeyword) return whenTrue
  if (condition.kind === ts.SyntaxKind.FalseKeyword) return whenFalse
  return buildExpression(
    condition,
    context.make({ kind: 'branch', ast: condition, next: whenTrue, otherwise: whenFalse }),
    context,
  )
}

/** `!given`, `given == null`, `Boolean(given)`: a value that says of another whether it is there. */
export function isTest(value: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(value)) return isTest(value.expression)
  if (ts.isPrefixUnaryExpression(value)) return value.operator === ts.SyntaxKind.ExclamationToken
  if (ts.isCallExpression(value))
    return ts.isIdentifier(value.expression) && value.expression.text === 'Boolean'
  return (
    ts.isBinaryExpression(value) &&
    equalities.has(value.operatorToken.kind) &&
    (isNullLike(value.left) || isNullLike(value.right))
  )
}

const equalities: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
])

function isNullLike(value: ts.Expression): boolean {
  return value.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(value) && value.text === 'undefined')
}

/** Nothing runs behind it, and what is held then is nobody's loss. */
function endsProcess({ expression }: ts.CallExpression): boolean {
  return (
    ts.isPropertyAccessExpression(expression) &&
    ts.isIdentifier(expression.expression) &&
    expression.expression.text === 'process' &&
    (expression.name.text === 'exit' || expression.name.text === 'abort')
  )
}

function makers(
  ast: ts.Node,
  next: FlowNode,
  context: FlowContext,
): { thrown: () => FlowNode; eval: () => FlowNode } {
  return {
    thrown: () => context.make({ kind: 'eval', ast, next, thrown: context.onThrow }),
    eval: () => context.make({ kind: 'eval', ast, next }),
  }
}

function buildBinary(expression: ts.BinaryExpression, next: FlowNode, context: FlowContext): FlowNode {
  const { left, right } = expression
  const operator = expression.operatorToken.kind
  switch (operator) {
    case ts.SyntaxKind.AmpersandAmpersandToken:
      return buildCondition(left, buildExpression(right, next, context), next, context)
    case ts.SyntaxKind.BarBarToken:
      return buildCondition(left, next, buildExpression(right, next, context), context)
    case ts.SyntaxKind.QuestionQuestionToken:
      return buildCondition(left, next, buildExpression(right, next, context), context)
    default:
  }
  if (isAssignmentOperator(operator)) {
    const assigned = context.make({ kind: 'eval', ast: expression, next })
    if (
      operator === ts.SyntaxKind.QuestionQuestionEqualsToken ||
      operator === ts.SyntaxKind.BarBarEqualsToken
    )
      return buildCondition(left, next, buildExpression(right, assigned, context), context)
    if (operator === ts.SyntaxKind.AmpersandAmpersandEqualsToken)
      return buildCondition(left, buildExpression(right, assigned, context), next, context)
    const value = buildExpression(right, assigned, context)
    // The target of an assignment is not read.
    return ts.isIdentifier(left) ? value : buildExpression(left, value, context)
  }
  const operation =
    operator === ts.SyntaxKind.InKeyword || operator === ts.SyntaxKind.InstanceOfKeyword
      ? context.make({ kind: 'eval', ast: expression, next, thrown: context.onThrow })
      : next
  return buildExpression(left, buildExpression(right, operation, context), context)
}

/** `a?.b.c()`: when `a` is nullish the whole chain is skipped. */
function buildChain(
  expression: ts.Expression,
  next: FlowNode,
  exit: FlowNode,
  context: FlowContext,
): FlowNode {
  if (
    !ts.isCallExpression(expression) &&
    !ts.isPropertyAccessExpression(expression) &&
    !ts.isElementAccessExpression(expression)
  ) {
    return buildExpression((expression as ts.NonNullChain).expression, next, context, exit)
  }
  const operation = context.make({ kind: 'eval', ast: expression, next, thrown: context.onThrow })
  const operands = ts.isCallExpression(expression)
    ? inOrder(expression.arguments, operation, context)
    : ts.isElementAccessExpression(expression)
      ? buildExpression(expression.argumentExpression, operation, context)
      : operation
  const guarded =
    expression.questionDotToken === undefined
      ? operands
      : context.make({ kind: 'branch', ast: expression.expression, next: operands, otherwise: exit })
  return buildExpression(expression.expression, guarded, context, exit)
}

function continuesChain(expression: ts.Node): boolean {
  const { parent } = expression
  return ts.isOptionalChain(parent) && parent.expression === expression
}

function inOrder(expressions: readonly ts.Node[], next: FlowNode, context: FlowContext): FlowNode {
  return expressions.reduceRight(
    (following, expression) => buildExpression(expression, following, context),
    next,
  )
}

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => {
    if (!ts.isTypeNode(child)) children.push(child)
  })
  return children
}
