import ts from 'typescript'
import { isFunctionWithBody, unwrapExpression } from '../syntax/syntax'
import { either, isNullish, maxDepth, unknownFact, type FactSource, type TypeFact } from './type-fact'

/** Types that give what their first argument gives. Promises are among them: receivers are awaited before they are used. */
const transparent: ReadonlySet<string> = new Set([
  'Promise',
  'PromiseLike',
  'Awaited',
  'Readonly',
  'Required',
  'NonNullable',
  'Pick',
  'Omit',
])

/** The type that a type node names. */
export function typeFact(type: ts.TypeNode, facts: FactSource, depth: number): TypeFact {
  if (depth > maxDepth) return unknownFact
  const next = depth + 1
  if (ts.isParenthesizedTypeNode(type)) return typeFact(type.type, facts, next)
  if (ts.isJSDocNullableType(type) || ts.isJSDocNonNullableType(type) || ts.isJSDocOptionalType(type))
    return typeFact(type.type, facts, next)
  if (ts.isTypeOperatorNode(type)) return typeFact(type.type, facts, next)
  if (ts.isTypeLiteralNode(type)) return { kind: 'declared', declaration: type }
  if (ts.isUnionTypeNode(type)) {
    const parts = type.types.filter((part) => !isNullish(part))
    return either(parts.map((part) => typeFact(part, facts, next)))
  }
  if (ts.isIntersectionTypeNode(type))
    return { kind: 'both', facts: type.types.map((part) => typeFact(part, facts, next)) }
  if (ts.isTypeQueryNode(type)) return queryFact(type, facts, next)
  if (ts.isTypeReferenceNode(type)) return referenceFact(type, facts, next)
  if (
    ts.isImportTypeNode(type) &&
    type.qualifier !== undefined &&
    ts.isLiteralTypeNode(type.argument) &&
    ts.isStringLiteral(type.argument.literal) &&
    !type.argument.literal.text.startsWith('.')
  ) {
    return { kind: 'external', name: type.qualifier.getText(), module: type.argument.literal.text }
  }
  return unknownFact
}

function queryFact(type: ts.TypeQueryNode, facts: FactSource, depth: number): TypeFact {
  if (ts.isIdentifier(type.exprName))
    return facts.symbolFact(facts.checker.getSymbolAtLocation(type.exprName), depth)
  return facts.entityFact(type.exprName, depth)
}

function referenceFact(type: ts.TypeReferenceNode, facts: FactSource, depth: number): TypeFact {
  const [inner] = type.typeArguments ?? []
  const name = type.typeName.getText()
  if (inner !== undefined && transparent.has(name)) return typeFact(inner, facts, depth)
  if (inner !== undefined && ts.isTypeQueryNode(inner) && ts.isIdentifier(inner.exprName)) {
    if (name === 'InstanceType') return facts.entityFact(inner.exprName, depth)
    const symbol = facts.checker.getSymbolAtLocation(inner.exprName)
    const declaration = facts.resolveAlias(symbol)?.declarations?.[0]
    if (name === 'ReturnType')
      return declaration === undefined ? unknownFact : returnFact(declaration, facts, depth)
  }
  return facts.entityFact(type.typeName, depth)
}

/** What a function gives: as declared, or as its return statements show. */
export function returnFact(declaration: ts.Node, facts: FactSource, depth: number): TypeFact {
  if (depth > maxDepth) return unknownFact
  if (ts.isFunctionLike(declaration)) {
    const type = declaration.type ?? ts.getJSDocReturnType(declaration)
    if (type !== undefined) {
      const named = typeFact(type, facts, depth)
      if (named.kind !== 'unknown') return named
    }
    if (!isFunctionWithBody(declaration) || declaration.body === undefined) return unknownFact
    const returned = returnedExpressions(declaration.body)
    return returned.length === 0
      ? unknownFact
      : either(returned.map((expression) => facts.factOf(expression, depth + 1)))
  }
  if (ts.isPropertySignature(declaration) && declaration.type !== undefined)
    return ts.isFunctionTypeNode(declaration.type) ? returnFact(declaration.type, facts, depth) : unknownFact
  if (
    ts.isVariableDeclaration(declaration) ||
    ts.isPropertyDeclaration(declaration) ||
    ts.isPropertyAssignment(declaration) ||
    ts.isParameter(declaration)
  ) {
    const type = ts.isPropertyAssignment(declaration) ? undefined : declaration.type
    if (type !== undefined && ts.isFunctionTypeNode(type)) return returnFact(type, facts, depth)
    return declaration.initializer === undefined
      ? unknownFact
      : returnFact(unwrapExpression(declaration.initializer), facts, depth + 1)
  }
  if (ts.isShorthandPropertyAssignment(declaration)) {
    const symbol = facts.resolveAlias(facts.checker.getShorthandAssignmentValueSymbol(declaration))
    const [named] = symbol?.declarations ?? []
    return named === undefined ? unknownFact : returnFact(named, facts, depth + 1)
  }
  if (ts.isIdentifier(declaration)) {
    const [named] = facts.resolveAlias(facts.checker.getSymbolAtLocation(declaration))?.declarations ?? []
    return named === undefined ? unknownFact : returnFact(named, facts, depth + 1)
  }
  return unknownFact
}

/** The operands of a function's own return statements, nested functions left out, `null` and `undefined` too. */
export function returnedExpressions(body: ts.ConciseBody): readonly ts.Expression[] {
  if (!ts.isBlock(body)) return [body]
  const found: ts.Expression[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return
    if (ts.isReturnStatement(node) && node.expression !== undefined && !isNullishValue(node.expression))
      found.push(node.expression)
    ts.forEachChild(node, visit)
  }
  visit(body)
  return found
}

function isNullishValue(expression: ts.Expression): boolean {
  const bare = unwrapExpression(expression)
  return bare.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(bare) && bare.text === 'undefined')
}
