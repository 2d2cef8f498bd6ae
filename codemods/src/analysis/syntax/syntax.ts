import ts from 'typescript'

export type FunctionLike = ts.FunctionLikeDeclaration

/** Nearest function around a node (not the node itself); a source file when there is none. */
export function enclosingFunction(node: ts.Node): FunctionLike | ts.SourceFile {
  const found = ts.findAncestor(
    node.parent,
    (one) => isFunctionWithBody(one) || ts.isSourceFile(one) || ts.isClassStaticBlockDeclaration(one),
  )
  return found !== undefined && isFunctionWithBody(found) ? found : node.getSourceFile()
}

export function isFunctionWithBody(node: ts.Node): node is FunctionLike {
  return ts.isFunctionLike(node) && 'body' in node
}

/** The expression without parentheses, casts and `!`. */
export function unwrapExpression(expression: ts.Expression): ts.Expression {
  let current = expression
  while (isTransparent(current)) current = current.expression
  return current
}

/** The outermost expression that is only parentheses, casts and `!` around this one. */
export function outermost(expression: ts.Expression): ts.Expression {
  let current = expression
  for (let { parent } = current; isTransparent(parent); { parent } = current) current = parent
  return current
}

function isTransparent(
  node: ts.Node,
): node is
  | ts.ParenthesizedExpression
  | ts.AsExpression
  | ts.NonNullExpression
  | ts.SatisfiesExpression
  | ts.TypeAssertion {
  switch (node.kind) {
    case ts.SyntaxKind.ParenthesizedExpression:
    case ts.SyntaxKind.AsExpression:
    case ts.SyntaxKind.NonNullExpression:
    case ts.SyntaxKind.SatisfiesExpression:
    case ts.SyntaxKind.TypeAssertionExpression:
      return true
    default:
      return false
  }
}

/** Visits every node below, nested functions included; `false` keeps out of a node. */
export function walk(node: ts.Node, visit: (node: ts.Node) => boolean | undefined): void {
  const step = (child: ts.Node): void => {
    // a token has nothing below it
    if (visit(child) !== false && child.kind >= ts.SyntaxKind.FirstNode) ts.forEachChild(child, step)
  }
  ts.forEachChild(node, step)
}

/** The method name of a call written `receiver.name(…)` or `receiver['name'](…)`. */
export function methodOf(call: ts.CallExpression): { receiver: ts.Expression; method: string } | undefined {
  const callee = unwrapExpression(call.expression)
  if (ts.isPropertyAccessExpression(callee)) return { receiver: callee.expression, method: callee.name.text }
  if (ts.isElementAccessExpression(callee) && ts.isStringLiteralLike(callee.argumentExpression)) {
    return { receiver: callee.expression, method: callee.argumentExpression.text }
  }
  return undefined
}

/** What is called: a method of a receiver, or a function by its bare name. */
export function calledName(
  call: ts.CallExpression,
): { readonly receiver: ts.Expression; readonly method: string } | undefined {
  const named = methodOf(call)
  if (named !== undefined) return named
  const callee = unwrapExpression(call.expression)
  const bare =
    ts.isBinaryExpression(callee) && callee.operatorToken.kind === ts.SyntaxKind.CommaToken
      ? unwrapExpression(callee.right)
      : callee
  if (ts.isIdentifier(bare)) return { receiver: bare, method: bare.text }
  return ts.isPropertyAccessExpression(bare)
    ? { receiver: bare.expression, method: bare.name.text }
    : undefined
}

/** `this` and `super`: the code stands inside the class that offers the API. */
export function isOwnReceiver(receiver: ts.Expression): boolean {
  const bare = unwrapExpression(receiver)
  if (ts.isIdentifier(bare)) return isCalledThis(bare)
  return bare.kind === ts.SyntaxKind.ThisKeyword || bare.kind === ts.SyntaxKind.SuperKeyword
}

/** `const self = this` around it. */
function isCalledThis(name: ts.Identifier): boolean {
  for (let node: ts.Node = name; !ts.isSourceFile(node); node = node.parent) {
    if (!ts.isBlock(node.parent)) continue
    for (const statement of node.parent.statements) {
      if (!ts.isVariableStatement(statement)) continue
      const own = statement.declarationList.declarations.find((one) => one.name.getText() === name.text)
      if (own !== undefined) return own.initializer?.kind === ts.SyntaxKind.ThisKeyword
    }
  }
  return false
}

/** `yield promise` in a generator that is handed to whoever waits in its place: `co(function* …)`, code compiled for old targets. */
export function isDrivenYield(node: ts.Node): node is ts.YieldExpression {
  if (!ts.isYieldExpression(node) || node.asteriskToken !== undefined) return false
  const generator = enclosingFunction(node)
  return ts.isFunctionExpression(generator) && ts.isCallExpression(outermost(generator).parent)
}

/** The smallest node around both. */
export function commonAncestor(one: ts.Node, other: ts.Node): ts.Node {
  let node = one
  while (node.pos > other.pos || node.end < other.end) node = node.parent
  return node
}

/** Text to compare receivers by: `this.pools!` and `this.pools` are one. */
export function receiverText(expression: ts.Expression): string {
  const bare = unwrapExpression(expression)
  if (ts.isPropertyAccessExpression(bare)) return `${receiverText(bare.expression)}.${bare.name.text}`
  return bare.getText()
}

/** Line and column, both from 1. */
export function positionOf(node: ts.Node): { line: number; column: number } {
  const { line, character } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart())
  return { line: line + 1, column: character + 1 }
}

export function isAssignmentOperator(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
}

/** What a person calls a function: its own name, or that of the variable, property or class that it belongs to. */
export function nameOfFunction(node: FunctionLike): string {
  if (ts.isConstructorDeclaration(node)) return `new ${node.parent.name?.text ?? 'class'}`
  const own = node.name?.getText()
  if (own !== undefined) return own
  const { parent } = outermost(node as ts.Expression)
  const isNamed =
    ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)
  if (isNamed) return parent.name.getText()
  // exports.commit = …
  const isAssigned = ts.isBinaryExpression(parent) && ts.isPropertyAccessExpression(parent.left)
  return isAssigned ? parent.left.name.text : 'a function'
}

/** The finally block, inside the same function, that a node stands in. */
export function finallyAround(node: ts.Node): ts.Block | undefined {
  for (
    let current = node;
    !ts.isSourceFile(current) && !isFunctionWithBody(current);
    current = current.parent
  ) {
    const { parent } = current
    if (ts.isTryStatement(parent) && parent.finallyBlock === current) return parent.finallyBlock
  }
  return undefined
}

/** Whether a node is, or stands in, another of the same file. */
export function containsNode(outer: ts.Node, inner: ts.Node | undefined): boolean {
  return inner !== undefined && outer.pos <= inner.pos && inner.end <= outer.end
}

/** Nobody compiles such a file: it has the syntax of every version that it may run on. */
export function isJavaScript(node: ts.Node): boolean {
  return /\.[cm]?jsx?$/.test(node.getSourceFile().fileName)
}
