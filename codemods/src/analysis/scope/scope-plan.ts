import ts from 'typescript'
import type { StatementList } from '../connection/bracket'
import { isStatementList, isWithin } from '../connection/bracket'
import type { Obstacle } from './bracket-obligations'
import { hasEffect, isModuleItem } from './bracket-obligations'
import { commentsBetween } from '../syntax/comments'
import { isQuietTree } from '../connection/quiet'
import { findFlags } from './release-flags'
import { releasePointOf } from '../connection/release-points'
import type { ScopePlan } from './scope'
import { hoistFor } from './scope-hoist'
import type { SiteFacts } from '../calls/site-facts'
import { enclosingFunction, isFunctionWithBody, outermost } from '../syntax/syntax'
import { runTypestate } from '../paths/typestate'
import type { Finding } from '../paths/typestate-model'

export type ScopeAnswer =
  | { readonly kind: 'plan'; readonly plan: ScopePlan }
  | { readonly kind: 'obstacle'; readonly obstacle: Obstacle }

/** The earliest end that a scope can have so that no path holds the connection longer than before, or why there is none. */
export function planScope(
  facts: SiteFacts,
  checker: ts.TypeChecker,
  all: readonly SiteFacts[] = [],
): ScopeAnswer {
  const { binding, acquire, releases } = facts
  if (binding.kind !== 'declared')
    return refused('unsupported-shape', acquire.call, 'not bound where it is taken')
  const statement = binding.declaration.parent.parent
  if (!ts.isVariableStatement(statement) || !isStatementList(statement.parent))
    return refused('unsupported-shape', acquire.call, 'not declared by a statement of its own')
  const shape = statementObstacle(statement, binding.declaration)
  if (shape !== undefined) return { kind: 'obstacle', obstacle: shape }
  const points = releases.map(releasePointOf)
  for (const point of points) {
    if (point.told.kind === 'unknown')
      return refused(
        'release-error',
        point.call,
        'this release is told more than the end of a scope can tell',
      )
    if (point.statement === undefined)
      return refused('release-order', point.call, 'the release is a part of another expression')
    if (isInAsyncLoop(point.call, statement.parent))
      return refused('held-longer', point.call, 'the loop around it waits for the end of what it reads')
  }
  const candidates = regionsOf(facts, statement, statement.parent, checker)
  const block = statement.parent
  let obstacle: Obstacle | undefined
  for (const { region, following, wraps, hoists, isRefused } of candidates) {
    const late = isRefused ?? lateObstacle(facts, region, all)
    if (late !== undefined) {
      obstacle ??= late
      continue
    }
    const plan = { statement, declaration: binding.declaration, name: binding.name, block }
    const flags = findFlags(points, facts.scope, checker)
    return { kind: 'plan', plan: { ...plan, region, following, wraps, hoists, releases: points, flags } }
  }
  return {
    kind: 'obstacle',
    obstacle: obstacle ?? { reason: 'unsupported-shape', node: statement, note: '' },
  }
}

interface Candidate extends Pick<ScopePlan, 'region' | 'following' | 'wraps' | 'hoists'> {
  readonly isRefused?: Obstacle
}

/** To the end of the list when only quiet statements follow the last mention; else a block around acquire and last mention. */
function regionsOf(
  facts: SiteFacts,
  statement: ts.VariableStatement,
  block: StatementList,
  checker: ts.TypeChecker,
): readonly Candidate[] {
  const start = block.statements.indexOf(statement)
  const all = block.statements.slice(start)
  const last = all.findLastIndex((one) => facts.uses.some((use) => isWithin(use.node, one)))
  const tight = all.slice(0, Math.max(last, 0) + 1)
  const rest = all.slice(tight.length)
  const isClause = ts.isCaseOrDefaultClause(block)
  const whole: Candidate = { region: all, following: [], wraps: false, hoists: [] }
  if (!isClause && !rest.some(hasEffect)) return [{ ...whole, region: tight, following: rest }]
  const hoist = hoistFor(tight, block, checker)
  const wrapped: Candidate = { region: tight, following: rest, wraps: true, hoists: [] }
  const narrow =
    'obstacle' in hoist ? { ...wrapped, isRefused: hoist.obstacle } : { ...wrapped, hoists: hoist.hoists }
  const exported = tight.find(isModuleItem)
  const inBlock: Candidate =
    exported === undefined
      ? narrow
      : {
          ...narrow,
          isRefused: { reason: 'unsupported-shape', node: exported, note: 'cannot stand in a block' },
        }
  if (isClause) return [inBlock]
  return rest.every(isQuietTree) ? [whole, inBlock] : [inBlock, whole]
}

/** Why a declaration cannot become one that is scoped, wherever its scope ends. */
export function statementObstacle(
  statement: ts.VariableStatement,
  declaration: ts.VariableDeclaration,
): Obstacle | undefined {
  if (statement.modifiers !== undefined && statement.modifiers.length > 0)
    return { reason: 'unsupported-shape', node: statement, note: 'an exported variable cannot be scoped' }
  if (statement.declarationList.declarations.length !== 1)
    return { reason: 'unsupported-shape', node: statement, note: 'one of several variables of a statement' }
  if ((statement.declarationList.flags & ts.NodeFlags.BlockScoped) === 0)
    return {
      reason: 'unsupported-shape',
      node: statement,
      note: 'a variable that belongs to the whole function',
    }
  const scope = enclosingFunction(statement)
  const isAsync = isFunctionWithBody(scope)
    ? scope.modifiers?.some((one) => one.kind === ts.SyntaxKind.AsyncKeyword) === true
    : true
  if (!isAsync) return { reason: 'completion', node: declaration, note: 'its function cannot wait' }
  const comments = commentsBetween(statement.getSourceFile(), statement.getStart(), statement.end)
  return comments.length === 0
    ? undefined
    : { reason: 'comments', node: statement, note: 'a comment in what goes away would be lost' }
}

function lateObstacle(
  facts: SiteFacts,
  region: readonly ts.Statement[],
  all: readonly SiteFacts[],
): Obstacle | undefined {
  if (facts.query === undefined) return undefined
  const isHarmless = (ast: ts.Node): boolean => releasesAnother(ast, all)
  const findings = runTypestate({ ...facts.query, region, isHarmless })
  const late = findings.find((finding) => finding.kind === 'held-longer')
  return late?.at && { reason: lateReason(late), node: late.at, note: 'runs behind the release' }
}

/** Two connections that go back at one moment: which of them is the first makes no difference. */
function releasesAnother(ast: ts.Node, all: readonly SiteFacts[]): boolean {
  return all.some((other) =>
    other.releases.some(({ call }) => call === ast && !ts.isAwaitExpression(outermost(call).parent)),
  )
}

/** Behind the release in the same finally block it is the order that matters. */
function lateReason(late: Finding): 'held-longer' | 'release-order' {
  const { at } = late
  const isInFinally = at !== undefined && ts.findAncestor(at, isFinallyBlock) !== undefined
  return isInFinally ? 'release-order' : 'held-longer'
}

/** Leaving `for await` early lets its source finish, behind a release in its body. */
function isInAsyncLoop(node: ts.Node, list: ts.Node): boolean {
  const loop = ts.findAncestor(
    node,
    (one) => one === list || (ts.isForOfStatement(one) && one.awaitModifier !== undefined),
  )
  return loop !== list
}

function isFinallyBlock(node: ts.Node): boolean {
  return ts.isBlock(node) && ts.isTryStatement(node.parent) && node.parent.finallyBlock === node
}

function refused(reason: Obstacle['reason'], node: ts.Node, note: string): ScopeAnswer {
  return { kind: 'obstacle', obstacle: { reason, node, note } }
}
