import { ts } from 'ts-morph'

/** What is known of an expression's type without a type checker. */
export type TypeFact =
  | {
      readonly kind: 'declared'
      readonly declaration:
        | ts.ClassLikeDeclaration
        | ts.InterfaceDeclaration
        | ts.TypeLiteralNode
        | ts.ObjectLiteralExpression
        | ts.SourceFile
    }
  | { readonly kind: 'external'; readonly name: string; readonly module: string }
  /** One of several at run time. */
  | { readonly kind: 'either'; readonly facts: readonly TypeFact[] }
  /** All of several at once: an intersection. */
  | { readonly kind: 'both'; readonly facts: readonly TypeFact[] }
  | { readonly kind: 'unknown' }

export const unknownFact: TypeFact = { kind: 'unknown' }

/** How many steps a name is followed before it counts as unknown. */
export const maxDepth = 12

export function either(facts: readonly TypeFact[]): TypeFact {
  const [only] = facts
  return facts.length === 1 && only !== undefined ? only : { kind: 'either', facts }
}

export function externalOf(node: ts.Node, name: string): TypeFact {
  const declaration = ts.findAncestor(node, ts.isImportDeclaration)
  const specifier = declaration?.moduleSpecifier
  return specifier !== undefined && ts.isStringLiteral(specifier)
    ? { kind: 'external', name, module: specifier.text }
    : unknownFact
}

/** `require('pg')` as a namespace. */
export function requiredModule(expression: ts.Expression): TypeFact | undefined {
  if (
    !ts.isCallExpression(expression) ||
    !ts.isIdentifier(expression.expression) ||
    expression.expression.text !== 'require'
  )
    return undefined
  const [specifier] = expression.arguments
  return specifier !== undefined && ts.isStringLiteral(specifier) && !specifier.text.startsWith('.')
    ? { kind: 'external', name: '*', module: specifier.text }
    : undefined
}

export function assignmentToThis(body: ts.Block, name: string): ts.Expression | undefined {
  for (const statement of body.statements) {
    if (!ts.isExpressionStatement(statement) || !ts.isBinaryExpression(statement.expression)) continue
    const { left, right, operatorToken } = statement.expression
    if (operatorToken.kind !== ts.SyntaxKind.EqualsToken || !ts.isPropertyAccessExpression(left)) continue
    if (left.expression.kind === ts.SyntaxKind.ThisKeyword && left.name.text === name) return right
  }
  return undefined
}

export function isChoice(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.QuestionQuestionToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.AmpersandAmpersandToken
  )
}

export function isNullish(type: ts.TypeNode): boolean {
  return (
    type.kind === ts.SyntaxKind.UndefinedKeyword ||
    (ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword)
  )
}
