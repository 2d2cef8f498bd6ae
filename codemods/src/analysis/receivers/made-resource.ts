import ts from 'typescript'
import { returnFact, typeFact } from './declared-types'
import { findMember } from './member-lookup'
import { unwrapExpression } from '../syntax/syntax'
import { maxDepth, unknownFact, type TypeFact } from './type-fact'
import type { TypeFacts } from './type-facts'

/** What a pool of anything keeps: by the type argument of its type, or by what its factory's `create` gives. */
export function madeResource(receiver: ts.Expression, facts: TypeFacts): TypeFact {
  return resourceOf(receiver, facts, 0)
}

function resourceOf(expression: ts.Expression, facts: TypeFacts, depth: number): TypeFact {
  const bare = unwrapExpression(expression)
  if (depth > maxDepth) return unknownFact
  if (ts.isCallExpression(bare) || ts.isNewExpression(bare)) {
    const [argument] = bare.typeArguments ?? []
    if (argument !== undefined) return typeFact(argument, facts, 0)
    const [factory] = bare.arguments ?? []
    return factory === undefined ? unknownFact : createdBy(factory, facts)
  }
  if (ts.isAwaitExpression(bare)) return resourceOf(bare.expression, facts, depth + 1)
  const declaration = declarationOf(bare, facts)
  if (declaration === undefined) return unknownFact
  if (ts.isExpression(declaration)) return resourceOf(declaration, facts, depth + 1)
  if (
    !ts.isVariableDeclaration(declaration) &&
    !ts.isPropertyDeclaration(declaration) &&
    !ts.isParameter(declaration) &&
    !ts.isPropertyAssignment(declaration)
  )
    return unknownFact
  const type = ts.isPropertyAssignment(declaration) ? undefined : declaration.type
  const argument = type !== undefined && ts.isTypeReferenceNode(type) ? type.typeArguments?.[0] : undefined
  const named = argument === undefined ? unknownFact : typeFact(argument, facts, 0)
  if (named.kind !== 'unknown' || declaration.initializer === undefined) return named
  return resourceOf(declaration.initializer, facts, depth + 1)
}

function declarationOf(expression: ts.Expression, facts: TypeFacts): ts.Node | undefined {
  if (ts.isIdentifier(expression))
    return facts.resolveAlias(facts.checker.getSymbolAtLocation(expression))?.declarations?.[0]
  return ts.isPropertyAccessExpression(expression)
    ? facts.memberOf(expression.expression, expression.name.text)
    : undefined
}

function createdBy(factory: ts.Expression, facts: TypeFacts): TypeFact {
  const owner = facts.factOf(factory, 0)
  if (owner.kind !== 'declared') return unknownFact
  const create = findMember(owner.declaration, 'create', facts, 0)
  return create === undefined ? unknownFact : returnFact(create, facts, 0)
}
