import ts from 'typescript'
import type { CalledFunctions } from '../modules/called-functions'
import { callSlots, usesOfSlot, type Slot, type SlotUses } from '../connection/call-slots'
import type { ConnectionUse, UseQuery } from '../connection/connection-uses'
import { declaredRelease } from './declared-release'
import { buildFlowGraph } from '../paths/flow-graph'
import { Helpers } from './helpers'
import type { FunctionLike } from '../syntax/syntax'
import { nameOfFunction, unwrapExpression } from '../syntax/syntax'
import { exitsOf } from '../paths/typestate'
import type { CallEffect, Finding } from '../paths/typestate-model'

/**
 * What a called function does with a connection that it gets as an argument. `unknown`: its body is not in the package.
 *
 * Why an unknown callee is taken as a borrower when its caller releases the connection itself: the rewrite leaves the release at the
 * very same point of every path, so whatever the callee does, before and after see it with the connection in the same state. Only
 * where the caller does not release does it matter whether the callee might, and there an unknown callee is reported.
 */
export type CalleeSummary = 'uses' | 'releases' | 'keeps' | 'unknown'

/** One place on the way, in whatever file. */
export interface TraceStep {
  readonly node: ts.Node
  readonly note: string
}

export interface CallSummary {
  readonly kind: CalleeSummary
  /** For the machine that walks the caller's paths; absent when the call changes nothing. */
  readonly effect?: CallEffect
  /** Where, inside the called functions, what `kind` says is done. */
  readonly trace: readonly TraceStep[]
  /** The first operation in a releasing function that may throw before the release. */
  readonly missedWhen?: ts.Node
  /** The last statement of the body releases, and nothing leaves the body before. */
  readonly endsWithRelease: boolean
  /** What the call returns holds the connection, or is it: whoever has that can release it. */
  readonly isHandedBack?: true
  readonly callee?: FunctionLike
}

const uses: CallSummary = { kind: 'uses', trace: [], endsWithRelease: false }
const unknown: CallSummary = { kind: 'unknown', trace: [], endsWithRelease: false }
const handedBack: CallSummary = { ...uses, isHandedBack: true }
const releases: CallSummary = {
  kind: 'releases',
  effect: 'releases',
  trace: [],
  endsWithRelease: false,
}
const maxDepth = 24
const maxRounds = 6

interface Entry {
  summary: CallSummary
  isDone: boolean
  /** How often it was asked for while it was being computed: then the answer has to be computed again until it stays. */
  askedCount: number
}

/** Summaries of the functions of a package, from the inside out; those that call each other are computed until nothing changes. */
export class CalleeSummaries {
  private readonly entries = new Map<FunctionLike, Map<string, Entry>>()
  /** Entries that rest on one that is not final yet. */
  private provisional: (() => void)[] = []
  private depth = 0

  /** The same functions, path by path. */
  readonly helpers: Helpers

  constructor(readonly called: CalledFunctions) {
    this.helpers = new Helpers(called)
  }

  /** Every call that gets the connection by this mention, directly or inside an object, with what it does to it. */
  ofUse(
    use: ConnectionUse,
    query: UseQuery,
  ): readonly { readonly call: ts.Node; readonly summary: CallSummary }[] {
    return callSlots(use).map((slot) => ({ call: slot.call, summary: this.ofSlot(slot, query) }))
  }

  ofSlot(slot: Slot, query: UseQuery): CallSummary {
    if (declaredRelease(slot, query.dialect, query.checker) !== undefined) return releases
    const callee = this.called.ofCall(slot.call)
    // A class without a constructor of its own hands its arguments to nobody that can be seen.
    if (callee?.body === undefined || this.depth > maxDepth) return unknown
    return { ...this.ofParameter(callee, slot, query), callee }
  }

  private ofParameter(callee: FunctionLike, slot: Slot, query: UseQuery): CallSummary {
    const { receiver: _ignored, openMethod: _neither, ...bare } = query
    const anyReceiver: UseQuery = { ...bare, followsChoices: true }
    const key = `${query.dialect.id}|${String(slot.index)}|${slot.property ?? ''}`
    const known = this.entries.get(callee)?.get(key)
    if (known !== undefined) {
      if (!known.isDone) known.askedCount += 1
      return known.summary
    }
    const entry: Entry = { summary: uses, isDone: false, askedCount: 0 }
    const ofCallee = this.entries.get(callee) ?? new Map<string, Entry>()
    this.entries.set(callee, ofCallee.set(key, entry))
    const isOutermost = this.depth === 0
    this.depth += 1
    for (let round = 0; round < maxRounds; round += 1) {
      const { askedCount } = entry
      const summary = this.compute(callee, slot, anyReceiver)
      const isStable = summary.kind === entry.summary.kind && summary.effect === entry.summary.effect
      entry.summary = summary
      if (entry.askedCount === askedCount || isStable) break
      for (const forget of this.provisional) forget()
      this.provisional = []
    }
    this.depth -= 1
    entry.isDone = true
    if (isOutermost) {
      this.provisional = []
    } else {
      this.provisional.push(() => ofCallee.delete(key))
    }
    return entry.summary
  }

  private compute(callee: FunctionLike, slot: Slot, query: UseQuery): CallSummary {
    const found = usesOfSlot(callee, slot, query)
    if (found === 'unseen') return unknown
    const calls = new Map<ts.Node, CallSummary>()
    for (const use of found.uses)
      for (const { call, summary } of this.ofUse(use, query)) calls.set(call, summary)
    for (const slotPassed of found.passed) calls.set(slotPassed.call, this.ofSlot(slotPassed, query))
    const released = found.uses.find((use) => use.kind === 'release')
    const handed = found.uses.find((use) => use.kind === 'escape' && use.reason === 'release-in-helper')
    const helper = [...calls].find(([, summary]) => summary.kind === 'releases')
    if (released !== undefined || handed !== undefined || helper !== undefined) {
      const summary = this.releasing(callee, found, calls, query)
      if (summary !== undefined) return summary
    }
    const kept = found.uses.find(
      (use) =>
        use.kind === 'escape' && use.reason !== 'release-in-helper' && use.reason !== 'escapes-to-return',
    )
    const name = nameOfFunction(callee)
    // Wrapped by an object that the caller holds: the wrapper lives as long as the caller's own variables.
    if (ts.isConstructorDeclaration(callee)) return handedBack
    if (kept !== undefined)
      return {
        kind: 'keeps',
        effect: 'keeps',
        trace: [{ node: kept.node, note: `kept in ${name} here` }],
        endsWithRelease: false,
      }
    for (const [call, summary] of calls)
      if (summary.kind === 'keeps')
        return { ...summary, trace: [{ node: call, note: `passed on in ${name} here` }, ...summary.trace] }
    if ([...calls.values()].some((summary) => summary.kind === 'unknown')) return unknown
    const isHandedBack =
      found.uses.some((use) => use.kind === 'escape' && use.reason === 'escapes-to-return') ||
      [...calls.values()].some((summary) => summary.isHandedBack === true)
    return isHandedBack ? handedBack : uses
  }

  /** Undefined when the release that was seen is never of the given connection: `if (!given) release(mine)`. */
  private releasing(
    callee: FunctionLike,
    found: SlotUses,
    calls: ReadonlyMap<ts.Node, CallSummary>,
    query: UseQuery,
  ): CallSummary | undefined {
    const name = nameOfFunction(callee)
    const trace = traceOfRelease(found, calls, name)
    const isLater =
      found.variable === undefined ||
      ('asteriskToken' in callee && callee.asteriskToken !== undefined) ||
      found.uses.some(
        (use) => (use.kind === 'release' && use.isNested) || (use.kind === 'escape' && isHandedOn(use)),
      )
    const maybe: CallSummary = { kind: 'releases', effect: 'may-release', trace, endsWithRelease: false }
    if (isLater || callee.body === undefined) return maybe
    const variable = query.checker.getSymbolAtLocation(found.variable)
    const { returned, thrown, findings } = exitsOf({
      graph: buildFlowGraph(callee.body, new Set([found.variable.text])),
      ...(variable === undefined ? {} : { variable }),
      uses: found.uses,
      effects: effectsOf(calls),
      checker: query.checker,
    })
    if (!['released', 'unsure'].some((state) => has(returned, state) || has(thrown, state))) return undefined
    const isCertain = returned.size > 0 && [...returned].every((state) => state === 'released')
    if (!isCertain) return maybe
    const missedWhen = findings.find((finding) => finding.kind === 'held-at-throw')?.thrownAt
    return {
      kind: 'releases',
      effect: 'releases',
      trace,
      ...(missedWhen === undefined ? {} : { missedWhen }),
      endsWithRelease: endsWithRelease(callee, found, findings),
    }
  }
}

/** For the machine: what each call does. A call of which nothing is known changes nothing (see {@link CalleeSummary}). */
export function effectsOf(calls: ReadonlyMap<ts.Node, CallSummary>): ReadonlyMap<ts.Node, CallEffect> {
  return new Map(
    [...calls].flatMap(([call, { effect }]) => (effect === undefined ? [] : [[call, effect] as const])),
  )
}

function has(states: ReadonlySet<string>, state: string): boolean {
  return states.has(state)
}

function isHandedOn(use: Extract<ConnectionUse, { kind: 'escape' }>): boolean {
  return use.reason === 'release-in-helper'
}

function traceOfRelease(
  found: SlotUses,
  calls: ReadonlyMap<ts.Node, CallSummary>,
  name: string,
): readonly TraceStep[] {
  const released = found.uses.find((use) => use.kind === 'release')
  if (released?.kind === 'release') return [{ node: released.call, note: `released in ${name} here` }]
  for (const [call, summary] of calls) {
    if (summary.kind === 'releases')
      return [{ node: call, note: `passed on in ${name} here` }, ...summary.trace]
  }
  const handed = found.uses.find((use) => use.kind === 'escape' && isHandedOn(use))
  return handed === undefined ? [] : [{ node: handed.node, note: `its release is handed on in ${name} here` }]
}

function endsWithRelease(
  callee: FunctionLike,
  { uses: all }: SlotUses,
  findings: readonly Finding[],
): boolean {
  const { body } = callee
  if (body === undefined || !ts.isBlock(body)) return body !== undefined && all.length === 1
  const last = body.statements.at(-1)
  const release = all.filter((use) => use.kind === 'release')
  const [only] = release
  if (last === undefined || !ts.isExpressionStatement(last) || release.length !== 1 || only === undefined)
    return false
  const bare = unwrapExpression(last.expression)
  const called = ts.isAwaitExpression(bare) ? unwrapExpression(bare.expression) : bare
  return called === only.call && findings.every((finding) => finding.kind === 'held-at-throw')
}
