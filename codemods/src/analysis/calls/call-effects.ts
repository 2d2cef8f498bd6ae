import ts from 'typescript'
import { callSlots } from '../connection/call-slots'
import { effectsOf, type CallSummary } from './callee-summary'
import type { ConnectionUse } from '../connection/connection-uses'
import { isFunctionWithBody } from '../syntax/syntax'
import type { CallEffect } from '../paths/typestate-model'

interface SiteCalls {
  readonly uses: readonly ConnectionUse[]
  readonly calls: ReadonlyMap<ts.Node, CallSummary>
  readonly scope: ts.Node
}

/**
 * What the calls of a site do to its connection. Where the function releases it itself, a function that is not known borrows it. Where it
 * does not, nothing is claimed behind a call that may have released it, nor behind a function that has it in its closure.
 */
export function siteEffects(site: SiteCalls): ReadonlyMap<ts.Node, CallEffect> {
  const known = effectsOf(site.calls)
  const isReleasedHere = site.uses.some((use) => use.kind === 'release' && !use.isNested)
  return isReleasedHere ? known : new Map([...cautiousEffects(site), ...known])
}

/** Every call and function behind which somebody else may have released it. */
export function cautiousEffects({ uses, calls, scope }: SiteCalls): ReadonlyMap<ts.Node, CallEffect> {
  const effects = new Map<ts.Node, CallEffect>()
  for (const use of uses) {
    const nested = outermostFunction(use.node, scope)
    if (nested !== undefined && (use.kind === 'release' || use.kind === 'escape' || use.kind === 'argument'))
      effects.set(nested, 'may-release')
    const isLent = use.kind === 'borrow' && use.isLent === true
    if (use.kind !== 'argument' && !isLent) continue
    const slots = callSlots(use)
    if (slots.length === 0) effects.set(use.node, 'may-release')
    for (const { call } of slots) if (!isSurelyBorrowed(calls.get(call))) effects.set(call, 'may-release')
  }
  return effects
}

/** The body is known, does not release it and keeps it nowhere. */
export function isSurelyBorrowed(summary: CallSummary | undefined): boolean {
  return summary?.kind === 'uses' && summary.isHandedBack !== true
}

/** The outermost function or class inside the scope that a node stands in. */
function outermostFunction(node: ts.Node, scope: ts.Node): ts.Node | undefined {
  let found: ts.Node | undefined
  for (let current = node.parent; current !== scope && !ts.isSourceFile(current); current = current.parent)
    if (isFunctionWithBody(current) || ts.isClassLike(current)) found = current
  return found
}
