import ts from 'typescript'
import { isAssignmentOperator, isFunctionWithBody, receiverText, unwrapExpression, walk } from './syntax'

/**
 * What conditions around an expression say that it is: the right side of `x instanceof Pool`, the type of a predicate `isPool(x)`. Only
 * the side where the condition holds counts, and only inside the same function.
 */
export function narrowedTo(
  expression: ts.Expression,
  checker: ts.TypeChecker,
): readonly (ts.Expression | ts.TypeNode)[] {
  const found: (ts.Expression | ts.TypeNode)[] = []
  const text = receiverText(expression)
  for (let node: ts.Node = expression; !ts.isSourceFile(node.parent); node = node.parent) {
    const { parent } = node
    if (isFunctionWithBody(parent)) break
    const condition = conditionThatHolds(parent, node)
    if (condition !== undefined) found.push(...claims(condition, text, checker, 0))
  }
  return found
}

/** What the same function has given a field or variable, for sure, before an expression that mentions it: `this.pool = createClient()`. */
export function lastAssigned(expression: ts.Expression): ts.Expression | undefined {
  const bare = unwrapExpression(expression)
  if (!ts.isIdentifier(bare) && !ts.isPropertyAccessExpression(bare)) return undefined
  const text = receiverText(bare)
  for (let node: ts.Node = expression; !isFunctionWithBody(node); node = node.parent) {
    const { parent } = node
    if (ts.isSourceFile(node) || ts.isSourceFile(parent)) return undefined
    if (!ts.isBlock(parent) && !ts.isCaseOrDefaultClause(parent)) continue
    const at = (parent.statements as readonly ts.Node[]).indexOf(node)
    for (const statement of parent.statements.slice(0, Math.max(0, at)).reverse()) {
      const value = assignedBy(statement, text)
      if (value !== undefined) return value === 'somewhere' ? undefined : value
    }
  }
  return undefined
}

/** The value that a statement gives to what is called so; `somewhere` when it does so inside, on some path or by other means. */
function assignedBy(statement: ts.Statement, text: string): ts.Expression | 'somewhere' | undefined {
  const isTo = (node: ts.Node): node is ts.BinaryExpression =>
    ts.isBinaryExpression(node) &&
    isAssignmentOperator(node.operatorToken.kind) &&
    receiverText(node.left) === text
  if (ts.isExpressionStatement(statement) && isTo(statement.expression))
    return statement.expression.operatorToken.kind === ts.SyntaxKind.EqualsToken
      ? statement.expression.right
      : 'somewhere'
  const inside: ts.Node[] = []
  walk(statement, (node) => {
    if (isTo(node)) inside.push(node)
    return undefined
  })
  return inside.length > 0 ? 'somewhere' : undefined
}

function conditionThatHolds(parent: ts.Node, child: ts.Node): ts.Expression | undefined {
  if (ts.isConditionalExpression(parent) && parent.whenTrue === child) return parent.condition
  if (ts.isIfStatement(parent) && parent.thenStatement === child) return parent.expression
  if (
    ts.isBinaryExpression(parent) &&
    parent.right === child &&
    parent.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
  )
    return parent.left
  return undefined
}

function claims(
  condition: ts.Expression,
  text: string,
  checker: ts.TypeChecker,
  depth: number,
): readonly (ts.Expression | ts.TypeNode)[] {
  const bare = unwrapExpression(condition)
  if (ts.isBinaryExpression(bare)) {
    if (bare.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword)
      return receiverText(bare.left) === text ? [bare.right] : []
    if (bare.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken)
      return [...claims(bare.left, text, checker, depth), ...claims(bare.right, text, checker, depth)]
    if (bare.operatorToken.kind !== ts.SyntaxKind.BarBarToken) return []
    // Two claims of which either may hold say nothing; one beside a question that is no claim is the author's word.
    const sides = [claims(bare.left, text, checker, depth), claims(bare.right, text, checker, depth)]
    const claiming = sides.filter((side) => side.length > 0)
    return claiming.length === 1 ? (claiming[0] ?? []) : []
  }
  if (ts.isCallExpression(bare)) {
    const predicate = predicateOf(bare, checker)
    const argument = predicate === undefined ? undefined : bare.arguments[predicate.index]
    return predicate !== undefined && argument !== undefined && receiverText(argument) === text
      ? [predicate.type]
      : []
  }
  // `const isPool = x instanceof Pool`, asked by its name
  if (ts.isIdentifier(bare) && depth === 0) {
    const declaration = checker.getSymbolAtLocation(bare)?.declarations?.[0]
    if (
      declaration !== undefined &&
      ts.isVariableDeclaration(declaration) &&
      (declaration.parent.flags & ts.NodeFlags.Const) !== 0 &&
      declaration.initializer !== undefined
    )
      return claims(declaration.initializer, text, checker, depth + 1)
  }
  return []
}

/** `function isPool(x): x is Pool` */
function predicateOf(
  call: ts.CallExpression,
  checker: ts.TypeChecker,
): { readonly type: ts.TypeNode; readonly index: number } | undefined {
  if (!ts.isIdentifier(call.expression)) return undefined
  const symbol = checker.getSymbolAtLocation(call.expression)
  if (symbol === undefined) return undefined
  const target = (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol
  const [first] = target.declarations ?? []
  const declaration =
    first !== undefined && ts.isVariableDeclaration(first) && first.initializer !== undefined
      ? first.initializer
      : first
  if (declaration === undefined || !isFunctionWithBody(declaration)) return undefined
  const { type } = declaration
  if (type === undefined || !ts.isTypePredicateNode(type) || type.type === undefined) return undefined
  const name = type.parameterName.getText()
  const index = declaration.parameters.findIndex((parameter) => parameter.name.getText() === name)
  return index < 0 ? undefined : { type: type.type, index }
}
