import ts from 'typescript'
import { reasonAdvice, type ReasonCode, type WitnessStep } from '../../model/site'
import { callSlots } from '../connection/call-slots'
import type { ConnectionUse } from '../connection/connection-uses'
import { guardsOf } from '../paths/guards'
import { isListening } from '../connection/listen-statement'
import { describeHandover, helperAdvice, stepsOfCall } from '../calls/handover'
import { isOpenedOnce } from './judge-two-step'
import type { Judgement } from './judgement'
import { shapeOf } from './shape'
import { cautiousEffects, isSurelyBorrowed } from '../calls/call-effects'
import type { SiteFacts } from '../calls/site-facts'
import { commonAncestor, enclosingFunction, finallyAround, methodOf, outermost } from '../syntax/syntax'
import { runTypestate } from '../paths/typestate'
import type { Finding } from '../paths/typestate-model'
import { stepFor, witnessOf, witnessOfFinding } from '../calls/witness'

type EscapeUse = Extract<ConnectionUse, { kind: 'escape' }>

/** Who else may have the connection. A path on which nobody got it, and which ends with it held, is a leak all the same. */
export function judgeOwnership(facts: SiteFacts): Judgement | undefined {
  const escapes = facts.uses.filter((use): use is EscapeUse => use.kind === 'escape')
  const outer = judgeOuterVariable(facts)
  if (outer !== undefined) return outer
  const [escape] = escapes
  const isOnlyClosure = escapes.every(({ reason }) => reason === 'escapes-to-closure')
  const isHelped = [...facts.calls.values()].some(({ kind }) => kind === 'releases')
  if (escape !== undefined && !(isOnlyClosure && isHelped)) {
    const isPlain = escapes.every((one) => handsOver.has(one.reason) && !isNested(one, facts))
    const missed = isPlain ? quietlyMissed(facts) : undefined
    if (missed !== undefined)
      return leakBeside(
        facts,
        missed,
        stepFor(facts, escape.node, 'on another path it leaves the scope here'),
      )
    // connection['release'](): no other function, and no name that could be followed.
    const { parent } = outermost(escape.node)
    if (ts.isElementAccessExpression(parent) && escape.reason === 'release-in-helper')
      return manual(
        facts,
        'unsupported-shape',
        stepFor(facts, escape.node, 'and asked for a member in brackets here, which may be its release'),
      )
    return manual(facts, escape.reason, stepFor(facts, escape.node, 'and leaves the scope here'))
  }
  const opened = facts.uses.find((use) => use.kind === 'open')
  if (opened !== undefined && !isOpenedOnce(facts))
    return manual(facts, 'two-step-handle', stepFor(facts, opened.node, 'and opened here'))
  const helped = judgeHelper(facts)
  if (helped !== undefined) return helped
  const nested = facts.releases.find((release) => release.isNested)
  if (nested !== undefined)
    return manual(facts, 'release-in-helper', stepFor(facts, nested.node, 'released inside another function'))
  return facts.releases.length > 0 ? (judgeSameCondition(facts) ?? judgeDoubt(facts)) : judgeUnreleased(facts)
}

/**
 * Taken when something is so, and released when the same is so: a path on which it changes in between is no path that anybody meant. What
 * can be proved to stay the same has been by now; of the rest no leak is claimed.
 */
function judgeSameCondition(facts: SiteFacts): Judgement | undefined {
  if (!facts.findings.some(({ kind }) => kind === 'held-at-return')) return undefined
  const release = facts.releases.find(({ call }) => {
    // What stands around both of them is asked once, and cannot change in between.
    const common = commonAncestor(facts.acquire.call, call)
    const taken = guardsOf(facts.acquire.call, common)
    const known = 'name' in facts.binding ? facts.binding.name.text : undefined
    return [...guardsOf(call, common, known)].some((guard) => taken.has(guard))
  })
  return release === undefined
    ? undefined
    : manual(
        facts,
        'conditional-acquire',
        stepFor(facts, release.call, 'released here under the condition that it is taken under'),
      )
}

/**
 * The function releases it on some paths; another, on which nothing went wrong, ends with it held, and a function that is not seen
 * through got it there. Then that function is what gives it back, or this one forgets to: nobody can say.
 */
function judgeDoubt(facts: SiteFacts): Judgement | undefined {
  const { query } = facts
  const isForgotten = facts.findings.some(
    ({ kind, throws }) => kind === 'held-at-return' && throws.length === 0,
  )
  if (!isForgotten || query === undefined) return undefined
  const effects = new Map([...cautiousEffects(facts), ...query.effects])
  if (effects.size === query.effects.size) return undefined
  const isSure = runTypestate({ ...query, effects }).some(({ kind }) => kind === 'held-at-return')
  if (isSure) return undefined
  const steps = handovers(facts).flatMap((use) => describeHandover(facts, use))
  return manual(facts, 'escapes-to-callee', ...steps)
}

/** `shared = await pool.connect()`: a variable of the module or of a function around this one, which others see. */
function judgeOuterVariable(facts: SiteFacts): Judgement | undefined {
  const { binding, scope, query } = facts
  if (ts.isSourceFile(scope)) {
    const user = facts.uses.find(({ node }) => enclosingFunction(node) !== scope)
    return user === undefined || facts.releases.length > 0
      ? undefined
      : crossing(
          facts,
          'escapes-to-module',
          stepFor(facts, user.node, 'and used by a function of the module'),
        )
  }
  if (binding.kind !== 'assigned') return undefined
  const [declaration] = query?.variable?.declarations ?? []
  if (declaration === undefined || ts.isParameter(declaration)) return undefined
  const home = enclosingFunction(declaration)
  if (home === scope) return undefined
  const reason = ts.isSourceFile(home) ? 'escapes-to-module' : 'escapes-to-closure'
  return crossing(
    facts,
    reason,
    stepFor(facts, declaration, 'and kept in this variable, which other code sees'),
  )
}

function crossing(facts: SiteFacts, reason: ReasonCode, step: WitnessStep): Judgement {
  return { ...manual(facts, reason, step), shape: 'crosses-function' }
}

/** A function of the package releases or keeps it. */
function judgeHelper(facts: SiteFacts): Judgement | undefined {
  const releasing = [...facts.calls].filter(([, summary]) => summary.kind === 'releases')
  const [first] = releasing
  if (first !== undefined) {
    const hasOther = facts.uses.some(
      (use) => (use.kind === 'release' && use.isNested) || use.kind === 'escape',
    )
    const missed = hasOther ? undefined : missedPath(facts, ['held-at-return', 'held-at-throw'])
    const steps = releasing.slice(0, maxShown).flatMap(([call, summary]) => stepsOfCall(facts, call, summary))
    if (missed !== undefined) return leakBeside(facts, missed, ...steps)
    const advice = `${reasonAdvice['release-in-helper']}${helperAdvice(facts, releasing)}`
    const late = facts.findings.find(({ kind }) => kind === 'use-after-release')?.at
    const twice = late && stepFor(facts, late, 'on a path it has been released before it gets here')
    return { ...manual(facts, 'release-in-helper', ...steps, twice), advice }
  }
  const keeping = [...facts.calls].find(([, summary]) => summary.kind === 'keeps')
  if (keeping === undefined) return undefined
  const isLeftToIt = !facts.releases.some((release) => release.isNested)
  const missed = isLeftToIt ? quietlyMissed(facts) : undefined
  const steps = stepsOfCall(facts, ...keeping)
  return missed === undefined
    ? manual(facts, 'escapes-to-callee', ...steps)
    : leakBeside(facts, missed, ...steps)
}

/** No release anywhere in the function, and none in what it calls as far as that can be seen. */
function judgeUnreleased(facts: SiteFacts): Judgement {
  const lent = handovers(facts)
  const [first] = lent
  const listening = facts.uses.find((use) => isListening(use.node))
  if (listening !== undefined)
    return manual(facts, 'listens', stepFor(facts, listening.node, 'and listens here, with no release'))
  if (first === undefined) {
    const finding = facts.findings.find((one) => one.kind === 'held-at-return')
    return { ...manual(facts, 'never-released'), verdict: 'leak', witness: witnessFor(facts, finding) }
  }
  const missed = quietlyMissed(facts)
  if (missed !== undefined) {
    const isBorrowed = [...facts.calls.values()].every(
      ({ kind, isHandedBack }) => kind === 'uses' && isHandedBack !== true,
    )
    return isBorrowed
      ? { ...leakBeside(facts, missed), reason: 'never-released' }
      : leakBeside(facts, missed, stepFor(facts, first.node, 'on another path it is handed over here'))
  }
  return manual(facts, 'escapes-to-callee', ...lent.flatMap((use) => describeHandover(facts, use)))
}

const maxShown = 4

/** The first few mentions by which another function gets the connection; those that may release it before those that do not. */
function handovers(facts: SiteFacts): readonly ConnectionUse[] {
  const lent = facts.uses.filter(
    (use) => use.kind === 'argument' || (use.kind === 'borrow' && use.isLent === true),
  )
  const isOpen = (use: ConnectionUse): boolean =>
    callSlots(use).every(({ call }) => !isSurelyBorrowed(facts.calls.get(call)))
  const open = lent.filter(isOpen)
  return (open.length > 0 ? open : lent).slice(0, maxShown)
}

/** Escapes after which another owner has the connection, beyond doubt. */
const handsOver: ReadonlySet<ReasonCode> = new Set([
  'escapes-to-return',
  'escapes-to-field',
  'escapes-to-container',
  'escapes-to-module',
])

function isNested(use: EscapeUse, facts: SiteFacts): boolean {
  return facts.releases.some((release) => release.isNested) || enclosingFunction(use.node) !== facts.scope
}

/** A path that ends with the connection held, other than by an exception on the way to giving it back. */
function missedPath(facts: SiteFacts, kinds: readonly Finding['kind'][]): Finding | undefined {
  if (facts.findings.some((finding) => finding.kind === 'too-complex')) return undefined
  return kinds
    .flatMap((kind) => facts.findings.filter((finding) => finding.kind === kind))
    .find((finding) => !isExcused(finding, facts))
}

/** Where others get it, only a path on which nothing went wrong proves that it is forgotten, and not merely unlucky. */
function quietlyMissed(facts: SiteFacts): Finding | undefined {
  if (facts.findings.some(({ kind }) => kind === 'too-complex') || isLookedUp(facts)) return undefined
  return facts.findings.find(({ kind, throws }) => kind === 'held-at-return' && throws.length === 0)
}

/** `owners.get(client)`: a pool gives the same connection again, and on that path another has it already. */
function isLookedUp({ uses }: SiteFacts): boolean {
  return uses.some(
    (use) =>
      use.kind === 'argument' &&
      ts.isCallExpression(use.call) &&
      use.call.arguments.length === 1 &&
      /^(get|has)$/.test(methodOf(use.call)?.method ?? ''),
  )
}

/** Given back in a finally block: what is thrown in the gap before, or beside the call in that block, is a bracket's own weakness. */
function isExcused(finding: Finding, facts: SiteFacts): boolean {
  if (finding.kind !== 'held-at-throw') return false
  return [...facts.calls].some(
    ([call, { kind, effect }]) =>
      kind === 'releases' && effect === 'releases' && finallyAround(call) !== undefined,
  )
}

function leakBeside(
  facts: SiteFacts,
  finding: Finding,
  ...steps: readonly (WitnessStep | undefined)[]
): Judgement {
  const reason = finding.kind === 'held-at-throw' ? 'leaks-on-throw' : 'leaks-on-path'
  return {
    verdict: 'leak',
    shape: shapeOf(facts),
    reason,
    witness: [...witnessOfFinding(facts, finding), ...steps.filter((step) => step !== undefined)],
  }
}

function witnessFor(facts: SiteFacts, finding: Finding | undefined): readonly WitnessStep[] {
  return finding === undefined ? witnessOf(facts) : witnessOfFinding(facts, finding)
}

function manual(
  facts: SiteFacts,
  reason: ReasonCode,
  ...steps: readonly (WitnessStep | undefined)[]
): Judgement {
  return { verdict: 'manual', shape: shapeOf(facts), reason, witness: witnessOf(facts, ...steps) }
}
