import ts from 'typescript'
import type { Obstacle } from '../scope/bracket-obligations'
import type { ConnectionUse } from '../connection/connection-uses'
import { canBecomeCallback } from '../scope/completions'
import type { Judgement } from './judgement'
import { planScope } from '../scope/scope-plan'
import type { SiteFacts } from '../calls/site-facts'
import { isWaitedFor } from '../connection/settled'
import { isJavaScript, outermost, receiverText } from '../syntax/syntax'
import { witnessStep } from '../calls/witness'

/**
 * A leak that a scope would mend carries the plan; it is used with `--fix-leaks` only. Where something is known to stand against that, the
 * judgement says what, for those who asked.
 */
export function withScope(
  judgement: Judgement,
  facts: SiteFacts,
  checker: ts.TypeChecker,
  all: readonly SiteFacts[],
  source: Obstacle | undefined,
): Judgement {
  const { kind } = facts.binding
  // Who assigns it writes to its variable: of what stands against a declaration, that alone is nothing against an assignment.
  const isAgainst = kind === 'declared' || (kind === 'assigned' && source?.reason === 'receiver-effect')
  if (source !== undefined) return isAgainst ? unmended(judgement, source) : judgement
  if (kind !== 'declared') return judgement
  const isWrong = facts.findings.some((finding) => !finding.kind.startsWith('held-at'))
  const escape = facts.uses.find((use) => use.kind === 'escape')
  if (escape !== undefined)
    return unmended(judgement, {
      reason: escape.reason,
      node: escape.node,
      note: 'and leaves the scope here',
    })
  const isShared = facts.uses.some((use) => use.kind === 'open' || (use.kind === 'release' && use.isNested))
  if (isWrong || isShared || livesOn(facts) || (facts.query?.effects.size ?? 0) > 0) return judgement
  // At the end of a scope that was not there before, whatever nobody waited for is still under way.
  if (facts.uses.some((use) => !isWaitedFor(use) && !isDoneAtOnce(use, facts, checker))) return judgement
  const answer = planScope(facts, checker, all)
  if (answer.kind === 'obstacle') {
    const { obstacle } = answer
    // Of an order in a finally block, where there is none, the leak says more.
    const isSaid = obstacle.reason !== 'release-order' && obstacle.note !== ''
    return isSaid ? unmended(judgement, obstacle) : judgement
  }
  const { statement } = answer.plan
  if (isJavaScript(statement) && !canBecomeCallback(answer.plan, checker))
    return unmended(judgement, {
      reason: 'completion',
      node: statement,
      note: 'what comes behind it cannot become a function',
    })
  return { ...judgement, plan: { kind: 'scope', scope: answer.plan } }
}

function unmended(judgement: Judgement, { reason, node, note }: Obstacle): Judgement {
  return { ...judgement, unmended: { reason, step: witnessStep(node, note) } }
}

/** An argument of a function in which nothing waits. */
function isDoneAtOnce(use: ConnectionUse, facts: SiteFacts, checker: ts.TypeChecker): boolean {
  const { acquire, helpers, scope } = facts
  const query = { checker, dialect: acquire.dialect, receiver: receiverText(acquire.receiver) }
  return helpers?.reachOf([use], scope, query, false)?.isSync === true
}

/** A listener or a lock of the session: whoever never gives such a connection back may mean it. */
export function livesOn({ uses }: SiteFacts): boolean {
  return uses.some(({ node }) => {
    const { parent } = outermost(node)
    if (!ts.isPropertyAccessExpression(parent)) return false
    if (/^(on|once|addListener|prependListener)$/.test(parent.name.text)) return true
    const call = outermost(parent).parent
    const [statement] = ts.isCallExpression(call) ? call.arguments : []
    return (
      statement !== undefined && /\blisten\b|advisory_lock|pg_try_advisory_lock/i.test(statement.getText())
    )
  })
}
