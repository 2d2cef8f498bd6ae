import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import type { AcquireCall } from '../connection/acquire-call'
import { returnFact } from './declared-types'
import { findMember } from './member-lookup'
import { isNamed } from './receiver-types'
import type { TypeFact } from './type-fact'
import type { TypeFacts } from './type-facts'

/** What a connection of the package's own description is asked, besides its release. */
const statementMembers = ['query', 'execute']

/**
 * Whether the receiver's class or interface declares the acquire with a result that is a handle of the dialect: a port of the
 * package's own, such as `interface Db { connect(): Promise<PoolClient> }`. A method with a body is judged by its body.
 */
export function givesHandle(candidate: AcquireCall, facts: TypeFacts): boolean {
  if (candidate.kind !== 'acquire' || candidate.dialect.handle === undefined) return false
  const declaration = facts.memberOf(candidate.receiver, candidate.method)
  if (declaration === undefined || !isSignature(declaration)) return false
  return isHandle(returnFact(declaration, facts, 0), candidate.dialect, facts)
}

function isSignature(declaration: ts.Node): boolean {
  if (ts.isMethodDeclaration(declaration)) return declaration.body === undefined
  return ts.isMethodSignature(declaration) || ts.isPropertySignature(declaration)
}

function isHandle(fact: TypeFact, dialect: Dialect, facts: TypeFacts): boolean {
  if (fact.kind === 'external') return isNamed(fact, dialect.handle?.types ?? [])
  if (fact.kind === 'both') return fact.facts.some((one) => isHandle(one, dialect, facts))
  if (fact.kind !== 'declared') return false
  const { declaration } = fact
  const has = (name: string): boolean => findMember(declaration, name, facts, 0) !== undefined
  return (
    dialect.release.some((rule) => rule.on === 'connection' && has(rule.method)) && statementMembers.some(has)
  )
}
