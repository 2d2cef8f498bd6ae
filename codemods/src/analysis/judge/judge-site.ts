import ts from 'typescript'
import { reasonAdvice, type ReasonCode, type WitnessStep } from '../../model/site'
import { serviceDialectId } from '../connection/acquire-call'
import { isWithin, type Bracket } from '../connection/bracket'
import { bracketObstacle, type Obstacle } from '../scope/bracket-obligations'
import { hasComment } from '../syntax/comments'
import { canBecomeCallback } from '../scope/completions'
import { guardOf } from './guard'
import { judgeOwnership } from './judge-ownership'
import { judgeCallback } from './judge-callback'
import { judgeChain } from './judge-chain'
import { judgeChoice, judgeLate } from './judge-late'
import { judgeScoped } from './judge-scoped'
import { receiverEffect, receiverEffectNote } from '../connection/receiver-effect'
import { livesOn, withScope } from './mend-leak'
import { judgeTwoStep } from './judge-two-step'
import { judgeWrapper } from './judge-wrapper'
import type { Judgement } from './judgement'
import { releaseExtent, releasePointOf } from '../connection/release-points'
import { planScope } from '../scope/scope-plan'
import { shapeOf } from './shape'
import type { SiteFacts } from '../calls/site-facts'
import { enclosingFunction, isJavaScript } from '../syntax/syntax'
import { isOwnApi } from '../connection/own-api'
import type { Finding } from '../paths/typestate-model'
import { witnessOf, witnessOfFinding, witnessStep } from '../calls/witness'

export { isJavaScript }

/** Decides about one site. The order of the questions is the order in which a person would want to hear the answers. */
export function judgeSite(
  facts: SiteFacts,
  checker: ts.TypeChecker,
  all: readonly SiteFacts[] = [],
): Judgement {
  if (facts.acquire.dialect.id === serviceDialectId) return judgeService(facts, all)
  if (facts.acquire.kind === 'scoped') return judgeScoped(facts.acquire, checker)
  const judgement =
    judgeWrapper(facts) ??
    judgeBinding(facts, checker) ??
    judgeOwnership(facts) ??
    judgeChoice(facts, checker) ??
    judgePaths(facts, all) ??
    judgeTwoStep(facts, checker) ??
    judgeLate(facts, checker) ??
    judgeBracket(facts, checker, all) ??
    manual(facts, 'unsupported-shape')
  return withVerdictOfCalls(withGuard(withMending(judgement, facts, checker, all), facts, checker))
}

/** Sites on the service: done, unless the analysis proves a leak. */
function judgeService(facts: SiteFacts, all: readonly SiteFacts[]): Judgement {
  const isHandedOn =
    facts.uses.some((use) => use.kind === 'escape' || use.kind === 'argument') ||
    facts.binding.kind === 'unbound'
  const isManual = facts.binding.kind === 'declared' || facts.binding.kind === 'assigned'
  if (facts.acquire.kind === 'acquire' && isManual && !isHandedOn && facts.usingDeclaration === undefined) {
    const leak = judgePaths(facts, all)
    if (leak?.verdict === 'leak') return leak
  }
  return { verdict: 'already', shape: facts.usingDeclaration === undefined ? shapeOf(facts) : 'scoped' }
}

function judgeBinding(facts: SiteFacts, checker: ts.TypeChecker): Judgement | undefined {
  const { acquire, binding } = facts
  switch (binding.kind) {
    case 'callback':
      return judgeCallback(facts, checker)
    case 'chained':
      return judgeChain(facts, checker)
    case 'unbound':
      return manual(
        facts,
        binding.reason,
        witnessStep(binding.node, binding.note ?? 'and goes here without a variable of its own'),
      )
    case 'discarded':
      return leak(facts, 'never-released')
    default:
  }
  if (acquire.kind !== 'acquire') return undefined
  if (isOwnApi(acquire)) {
    return manual(
      facts,
      'unsupported-shape',
      witnessStep(acquire.receiver, 'inside the class that offers the API: its implementation, not its user'),
    )
  }
  if (acquire.call.arguments.length > (acquire.rule.maxArguments ?? 0)) {
    return manual(facts, acquire.rule.keyArgument === undefined ? 'unsupported-arguments' : 'keyed-acquire')
  }
  if (ts.isOptionalChain(acquire.call))
    return manual(
      facts,
      'conditional-acquire',
      witnessStep(acquire.call, 'nothing is taken when the receiver is missing'),
    )
  if (facts.usingDeclaration === undefined) return undefined
  return judgeUsing(facts, facts.usingDeclaration, checker)
}

/** `await using c = await manager.connection()`: the scope is there, only its source changes. */
function judgeUsing(facts: SiteFacts, statement: ts.VariableStatement, checker: ts.TypeChecker): Judgement {
  const { acquire } = facts
  const isAwaited = statement.declarationList.getFirstToken()?.kind === ts.SyntaxKind.AwaitKeyword
  if (!isAwaited)
    return manual(
      facts,
      'unsupported-shape',
      witnessStep(statement, 'a scope without await: the service can only be given back with it'),
    )
  const [release] = facts.releases
  if (release !== undefined)
    return manual(facts, 'double-release', witnessStep(release.call, 'released here, and again by its scope'))
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined) return manual(facts, 'receiver-effect', witnessStep(effect, receiverEffectNote))
  if (hasComment(acquire.call, acquire.call.end)) return manual(facts, 'comments')
  return { verdict: 'rewritable', shape: 'scoped', plan: { kind: 'using', call: acquire.call } }
}

/** What goes wrong on some path. */
function judgePaths(facts: SiteFacts, all: readonly SiteFacts[]): Judgement | undefined {
  const of = (kind: Finding['kind']): Finding | undefined =>
    facts.findings.find((finding) => finding.kind === kind)
  const complex = of('too-complex')
  if (complex !== undefined) return manual(facts, 'unsupported-shape')
  const leakOnPath = of('held-at-return')
  if (leakOnPath !== undefined)
    return leak(facts, facts.releases.length === 0 ? 'never-released' : 'leaks-on-path', leakOnPath)
  const lost = of('lost')
  if (lost !== undefined) return { ...manual(facts, 'reassigned'), witness: witnessOfFinding(facts, lost) }
  const twice = of('double-release')
  if (twice !== undefined)
    return { ...manual(facts, 'double-release'), witness: witnessOfFinding(facts, twice) }
  const late = of('use-after-release')
  if (late !== undefined)
    return { ...manual(facts, 'use-after-release'), witness: witnessOfFinding(facts, late) }
  // Behind a bracket's acquire only the gap can leak, and a finally block that does more before it releases: a window to be closed.
  const isExcused = (finding: Finding): boolean =>
    facts.bracket !== undefined || isWindow(finding, facts) || failsInOtherRelease(finding, facts, all)
  const thrown = leaksByException(facts).find((finding) => !isExcused(finding))
  if (thrown !== undefined) return leak(facts, 'leaks-on-throw', thrown)
  return undefined
}

function judgeBracket(
  facts: SiteFacts,
  checker: ts.TypeChecker,
  all: readonly SiteFacts[],
): Judgement | undefined {
  const { bracket, binding } = facts
  if (binding.kind !== 'declared') return undefined
  const obstacle = sourceObstacle(facts, checker)
  if (obstacle !== undefined) return refusal(facts, obstacle)
  const closesLeak = leaksByException(facts).length > 0
  const labels = closesLeak ? { labels: ['closes-leak-window'] as const } : {}
  const rewritable = { verdict: 'rewritable', shape: shapeOf(facts), ...labels } as const
  const inBracket = bracket && (bracketObstacle(bracket, facts.uses, checker) ?? disposedBetween(bracket))
  const isNeat = bracket !== undefined && facts.releases.every((release) => !release.discards)
  if (isNeat && inBracket === undefined) {
    if (isJavaScript(bracket.statement) && !canBecomeCallback(bracket, checker))
      return withCalls(manual(facts, 'completion'), facts)
    return { ...rewritable, plan: { kind: 'bracket', bracket } }
  }
  const answer = planScope(facts, checker, all)
  if (answer.kind === 'obstacle') return withCalls(refusal(facts, inBracket ?? answer.obstacle), facts)
  if (isJavaScript(answer.plan.statement) && !canBecomeCallback(answer.plan, checker))
    return withCalls(manual(facts, 'completion'), facts)
  return { ...rewritable, plan: { kind: 'scope', scope: answer.plan } }
}

/** What `--fix-leaks` may do about a leak, or cannot. */
function withMending(
  judgement: Judgement,
  facts: SiteFacts,
  checker: ts.TypeChecker,
  all: readonly SiteFacts[],
): Judgement {
  return judgement.verdict === 'leak'
    ? withScope(judgement, facts, checker, all, sourceObstacle(facts, checker))
    : judgement
}

/** What stands against any rewrite of the acquire, wherever it is released. */
function sourceObstacle(facts: SiteFacts, checker: ts.TypeChecker): Obstacle | undefined {
  const { binding, acquire } = facts
  if (binding.kind === 'declared' && binding.isOwnedChoice)
    return { reason: 'conditional-acquire', node: binding.declaration, note: 'taken on some paths only' }
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined) return { reason: 'receiver-effect', node: effect, note: receiverEffectNote }
  const written = facts.uses.find((use) => use.kind === 'write')
  return written && { reason: 'reassigned', node: written.node, note: 'assigned again here' }
}

/** `await using` between acquire and try: the old release came before the end of that scope. */
function disposedBetween(bracket: Bracket): Obstacle | undefined {
  const using = bracket.gap.find(
    (one) => ts.isVariableStatement(one) && (one.declarationList.flags & ts.NodeFlags.Using) !== 0,
  )
  return (
    using && {
      reason: 'release-order',
      node: using,
      note: 'disposed after the release, and before the end of its scope',
    }
  )
}

/** Two calls for two calls need no scope: what no scope can say, style `acquire-release` still can. */
function withCalls(judgement: Judgement, facts: SiteFacts): Judgement {
  const releases = facts.releases.map(releasePointOf)
  // Who imports a variable of a module may use the connection at any time.
  const isOfModule = ts.isSourceFile(enclosingFunction(facts.acquire.call))
  const isKnown =
    !isOfModule &&
    releases.length > 0 &&
    releases.every((one) => one.told.kind !== 'unknown' && one.statement !== undefined) &&
    [facts.acquire.call, ...releases.map((one) => one.call)].every((call) => !hasComment(call, call.end))
  return isKnown ? { ...judgement, plan: { kind: 'calls', releases } } : judgement
}

/** What `migrate` will do is said beforehand; the witness still shows what stands against a scope. */
function withVerdictOfCalls(judgement: Judgement): Judgement {
  if (judgement.plan?.kind !== 'calls' || judgement.verdict !== 'manual') return judgement
  const { reason: _reason, advice: _advice, ...rest } = judgement
  return { ...rest, verdict: 'rewritable', labels: [...(judgement.labels ?? []), 'call-by-call'] }
}

/** Reasons that speak of what other functions do with the connection, or of what runs behind a release that would go away. */
const staysWithGuard: ReadonlySet<ReasonCode> = new Set([
  'held-longer',
  'release-order',
  'release-error',
  'release-in-helper',
  'escapes-to-callee',
  'never-released',
  'leaks-on-throw',
  'leaks-on-path',
])

/** Where helpers release, a scope can stand around them; where they miss a path, that path changes, and a person has to ask for it. */
function withGuard(judgement: Judgement, facts: SiteFacts, checker: ts.TypeChecker): Judgement {
  const { plan, reason, shape, witness = [] } = judgement
  const hasScope = plan !== undefined && plan.kind !== 'calls'
  if (hasScope || reason === undefined || !staysWithGuard.has(reason)) return judgement
  if (livesOn(facts) || sourceObstacle(facts, checker) !== undefined) return judgement
  const guard = guardOf(facts, checker, (finding) => isWindow(finding, facts))
  if (guard === undefined) return judgement
  if (guard.kind !== 'guard')
    return judgement.verdict === 'leak' ? judgement : refusedGuard(facts, guard, judgement)
  // Style acquire-release changes what is told to the connection here.
  const releases = plan?.kind === 'calls' ? plan.releases : []
  const guarded = { kind: 'guard', guard, releases } as const
  // The witness stays: it shows who gives it back.
  const labels = guard.hasWindow ? { labels: ['closes-leak-window'] as const } : {}
  if (guard.leak === undefined) return { verdict: 'rewritable', shape, witness, plan: guarded, ...labels }
  if (judgement.verdict === 'leak') return { ...judgement, plan: guarded }
  const [, ...missed] = witnessOfFinding(facts, guard.leak)
  const advice = `${judgement.advice ?? reasonAdvice[reason]} On a path nobody gives it back; \`migrate --fix-leaks\` puts a scope around it that does.`
  return { ...judgement, advice, witness: [...witness, ...missed], plan: guarded }
}

/** What stands against a scope is a better reason than that somebody else releases. */
function refusedGuard(facts: SiteFacts, finding: Finding, judgement: Judgement): Judgement {
  const { kind } = finding
  if (kind !== 'use-after-release' && kind !== 'double-release') return judgement
  const [, ...steps] = witnessOfFinding(facts, finding)
  const { reason: _reason, advice: _advice, ...rest } = judgement
  return { ...rest, reason: kind, witness: [...(judgement.witness ?? []), ...steps] }
}

function leaksByException(facts: SiteFacts): readonly Finding[] {
  return facts.findings.filter((finding) => finding.kind === 'held-at-throw')
}

/** Between acquire and the try that releases, or in its finally block in front of the release. */
function isWindow(finding: Finding, { tryAfter }: SiteFacts): boolean {
  if (tryAfter === undefined) return false
  const { gap, tryStatement } = tryAfter
  const { thrownAt } = finding
  return (
    finding.throws.some((node) => isWithin(node, tryStatement.finallyBlock)) ||
    (thrownAt !== undefined && gap.some((statement) => isWithin(thrownAt, statement)))
  )
}

/** That giving back another connection fails is followed as little as that the own release does: one of the two would never be `rewritable`. */
function failsInOtherRelease({ thrownAt }: Finding, facts: SiteFacts, all: readonly SiteFacts[]): boolean {
  return (
    thrownAt !== undefined &&
    all.some(
      (other) =>
        other !== facts && other.releases.some(({ call }) => isWithin(thrownAt, releaseExtent(call))),
    )
  )
}

function refusal(facts: SiteFacts, { reason, node, note }: Obstacle): Judgement {
  return manual(facts, reason, witnessStep(node, note))
}

function manual(facts: SiteFacts, reason: ReasonCode, step?: WitnessStep): Judgement {
  return { verdict: 'manual', shape: shapeOf(facts), reason, witness: witnessOf(facts, step) }
}

function leak(facts: SiteFacts, reason: ReasonCode, finding?: Finding): Judgement {
  return {
    verdict: 'leak',
    shape: shapeOf(facts),
    reason,
    witness: finding ? witnessOfFinding(facts, finding) : witnessOf(facts),
  }
}
