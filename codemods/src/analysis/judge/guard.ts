import ts from 'typescript'
import { isStatementList, type StatementList } from '../connection/bracket'
import type { UseQuery } from '../connection/connection-uses'
import type { ScopePlan } from '../scope/scope'
import { statementObstacle } from '../scope/scope-plan'
import type { SiteFacts } from '../calls/site-facts'
import { receiverText } from '../syntax/syntax'
import type { Finding } from '../paths/typestate-model'
import { runHelped } from '../paths/typestate'

/** A connection that other functions give back: its scope ends with its block, and does nothing where they did. */
export interface Guard {
  readonly kind: 'guard'
  /** From the declaration to the end of its block; no release goes away. */
  readonly scope: ScopePlan
  /** A path on which nobody gives it back: the scope mends it. */
  readonly leak?: Finding
  /** There are such paths, and all of them are windows. */
  readonly hasWindow: boolean
}

/**
 * Where helpers release, the releases stay where they are, inside the helpers, and a scope around them changes nothing but the paths that
 * they miss. That needs proof that nothing is left that may still use the connection when its block ends, and that no path uses it behind
 * a release: the old client would have answered, a lease that has ended does not. Such a path is the answer where there is one.
 *
 * The same scope serves where a release of the function's own cannot go away, because something runs behind it.
 */
export function guardOf(
  facts: SiteFacts,
  checker: ts.TypeChecker,
  isWindow: (finding: Finding) => boolean,
): Guard | Finding | undefined {
  const { binding, scope, acquire, uses, query, helpers } = facts
  if (binding.kind !== 'declared' || helpers === undefined || query === undefined) return undefined
  const statement = binding.declaration.parent.parent
  if (!ts.isVariableStatement(statement) || !isStatementList(statement.parent)) return undefined
  if (ts.isCaseOrDefaultClause(statement.parent)) return undefined
  if (statementObstacle(statement, binding.declaration) !== undefined) return undefined
  if (uses.some((use) => use.kind === 'write' || use.kind === 'open')) return undefined
  const useQuery: UseQuery = { checker, dialect: acquire.dialect, receiver: receiverText(acquire.receiver) }
  const reach = helpers.reachOf(uses, scope, useQuery, false)
  if (reach === undefined) return undefined
  const { variable } = query
  if (variable === undefined) return undefined
  const run = runHelped({
    ...query,
    effects: new Map(),
    helpers: helpers.callsOf(reach, reach.marks, useQuery),
    flags: reach.marks,
  })
  const wrong = run.findings.find(({ kind }) => !kind.startsWith('held-at'))
  if (wrong !== undefined) return wrong
  if (run.lateUse !== undefined || run.leftover !== undefined) return undefined
  // Whoever is not seen is taken to borrow only where this function is seen to give it back itself.
  const isForgotten = run.findings.some(
    ({ kind, throws }) => kind === 'held-at-return' && throws.length === 0,
  )
  if (reach.hasUnknown && (isForgotten || !reach.isReleasing)) return undefined
  const held = run.findings.filter((finding) => finding.kind === 'held-at-return' || !isWindow(finding))
  const leak = held.find(({ kind }) => kind === 'held-at-return') ?? held[0]
  const region = scopeOf(statement, binding.declaration, binding.name, statement.parent)
  const guard = { kind: 'guard', scope: region, hasWindow: run.findings.length > held.length } as const
  return leak === undefined ? guard : { ...guard, leak }
}

function scopeOf(
  statement: ts.VariableStatement,
  declaration: ts.VariableDeclaration,
  name: ts.Identifier,
  block: StatementList,
): ScopePlan {
  const region = block.statements.slice(block.statements.indexOf(statement))
  return {
    ...{ statement, declaration, name, block, region },
    ...{ following: [], wraps: false, hoists: [], releases: [], flags: [] },
  }
}
