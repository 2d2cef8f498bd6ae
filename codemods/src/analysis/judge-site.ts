import { ts } from 'ts-morph'
import type { ReasonCode, WitnessStep } from '../model/site'
import { serviceDialectId } from './acquire-call'
import { isWithin } from './bracket'
import { bracketObstacle } from './bracket-obligations'
import { hasComment } from './comments'
import { canBecomeCallback } from './completions'
import { judgeScoped } from './judge-scoped'
import { receiverEffect, receiverEffectNote } from './receiver-effect'
import type { Judgement } from './judgement'
import { shapeOf } from './shape'
import type { SiteFacts } from './site-facts'
import { isOwnReceiver } from './syntax'
import type { Finding } from './typestate'
import { witnessOf, witnessOfFinding, witnessStep } from './witness'

/** Decides about one site. The order of the questions is the order in which a person would want to hear the answers. */
export function judgeSite(facts: SiteFacts, checker: ts.TypeChecker): Judgement {
  if (facts.acquire.dialect.id === serviceDialectId) return judgeService(facts)
  if (facts.acquire.kind === 'scoped') return judgeScoped(facts.acquire, checker)
  return (
    judgeBinding(facts, checker) ??
    judgeOwnership(facts) ??
    judgePaths(facts) ??
    judgeBracket(facts, checker) ??
    manual(facts, 'unsupported-shape')
  )
}

/** Sites on the service: done, unless the analysis proves a leak. */
function judgeService(facts: SiteFacts): Judgement {
  const isHandedOn =
    facts.uses.some((use) => use.kind === 'escape' || use.kind === 'argument') ||
    facts.binding.kind === 'unbound'
  const isManual = facts.binding.kind === 'declared' || facts.binding.kind === 'assigned'
  if (facts.acquire.kind === 'acquire' && isManual && !isHandedOn && facts.usingDeclaration === undefined) {
    const leak = judgePaths(facts)
    if (leak?.verdict === 'leak') return leak
  }
  return { verdict: 'already', shape: facts.usingDeclaration === undefined ? shapeOf(facts) : 'scoped' }
}

function judgeBinding(facts: SiteFacts, checker: ts.TypeChecker): Judgement | undefined {
  const { acquire, binding } = facts
  switch (binding.kind) {
    case 'callback':
      return manual(facts, 'callback-style')
    case 'chained':
      return manual(facts, 'promise-chain')
    case 'unbound':
      return manual(
        facts,
        binding.reason,
        witnessStep(binding.node, 'and goes here without a variable of its own'),
      )
    case 'discarded':
      return leak(facts, 'never-released')
    default:
  }
  if (acquire.kind !== 'acquire') return undefined
  if (isOwnReceiver(acquire.receiver)) {
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

/** Who else may have the connection. */
function judgeOwnership(facts: SiteFacts): Judgement | undefined {
  const escape = facts.uses.find((use) => use.kind === 'escape')
  if (escape?.kind === 'escape')
    return manual(facts, escape.reason, witnessStep(escape.node, 'and leaves the scope here'))
  const opened = facts.uses.find((use) => use.kind === 'open')
  if (opened !== undefined)
    return manual(facts, 'two-step-handle', witnessStep(opened.node, 'and opened here'))
  for (const [call, summary] of facts.callees) {
    if (summary === 'releases')
      return manual(facts, 'release-in-helper', witnessStep(call, 'the called function releases it'))
    if (summary === 'keeps')
      return manual(facts, 'escapes-to-callee', witnessStep(call, 'the called function keeps it'))
  }
  const nested = facts.releases.find((release) => release.isNested)
  if (nested !== undefined)
    return manual(facts, 'release-in-helper', witnessStep(nested.node, 'released inside another function'))
  if (facts.releases.length > 0) return undefined
  const lent = facts.uses.find(
    (use) => use.kind === 'argument' || (use.kind === 'borrow' && use.isLent === true),
  )
  if (lent !== undefined)
    return manual(
      facts,
      'escapes-to-callee',
      witnessStep(lent.node, 'handed to a function here, and never released in this one'),
    )
  return leak(
    facts,
    'never-released',
    facts.findings.find((finding) => finding.kind === 'held-at-return'),
  )
}

/** What goes wrong on some path. */
function judgePaths(facts: SiteFacts): Judgement | undefined {
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
  // Behind a bracket's acquire only the gap can leak: everything in its try passes the finally block, which does nothing but release.
  const isExcused = (finding: Finding): boolean => facts.bracket !== undefined || isInFinally(finding, facts)
  const thrown = leaksByException(facts).find((finding) => !isExcused(finding))
  if (thrown !== undefined) return leak(facts, 'leaks-on-throw', thrown)
  return undefined
}

function judgeBracket(facts: SiteFacts, checker: ts.TypeChecker): Judgement | undefined {
  const { bracket, binding } = facts
  if (binding.kind === 'declared' && binding.isOwnedChoice) return manual(facts, 'conditional-acquire')
  const effect = receiverEffect(facts.acquire.receiver, checker)
  if (effect !== undefined) return manual(facts, 'receiver-effect', witnessStep(effect, receiverEffectNote))
  const written = facts.uses.find((use) => use.kind === 'write')
  if (binding.kind === 'declared' && written !== undefined)
    return manual(facts, 'reassigned', witnessStep(written.node, 'assigned again here'))
  const discarding = facts.releases.find((release) => release.discards)
  if (discarding !== undefined)
    return manual(
      facts,
      'release-error',
      witnessStep(discarding.call, 'this release is told more than the end of a scope can tell'),
    )
  if (facts.tryAfter !== undefined && bracket === undefined) {
    return manual(
      facts,
      'release-order',
      facts.tryAfter.tryStatement.finallyBlock &&
        witnessStep(facts.tryAfter.tryStatement.finallyBlock, 'the finally block'),
    )
  }
  if (bracket === undefined) return undefined
  const obstacle = bracketObstacle(bracket, facts.uses, checker)
  if (obstacle !== undefined) return manual(facts, obstacle.reason, witnessStep(obstacle.node, obstacle.note))
  if (isJavaScript(bracket.statement) && !canBecomeCallback(bracket, checker))
    return manual(facts, 'completion')
  const closesLeak = leaksByException(facts).length > 0
  return {
    verdict: 'rewritable',
    shape: shapeOf(facts),
    plan: { kind: 'bracket', bracket },
    ...(closesLeak ? { labels: ['closes-leak-window'] as const } : {}),
  }
}

function leaksByException(facts: SiteFacts): readonly Finding[] {
  return facts.findings.filter((finding) => finding.kind === 'held-at-throw')
}

function isInFinally(finding: Finding, { tryAfter }: SiteFacts): boolean {
  return finding.throws.some((node) => isWithin(node, tryAfter?.tryStatement.finallyBlock))
}

export function isJavaScript(node: ts.Node): boolean {
  return /\.[cm]?jsx?$/.test(node.getSourceFile().fileName)
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
