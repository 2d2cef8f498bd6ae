import type { ReasonCode, WitnessStep } from '../../model/site'
import type { OtherwiseGiven } from '../connection/acquire-call'
import { receiverEffectNote } from '../connection/receiver-effect'
import type { SiteFacts } from '../calls/site-facts'
import { nameOfFunction } from '../syntax/syntax'
import { stepFor, witnessOf, witnessStep } from '../calls/witness'
import type { Judgement } from './judgement'
import { shapeOf } from './shape'

/**
 * Calls of functions that do not always give a connection of the caller's own, or give it with its release in one value. Whether anything
 * leaks there is not known, so this is asked before the paths are.
 */
export function judgeWrapper(facts: SiteFacts): Judgement | undefined {
  const { binding } = facts
  const { otherwise, promised } = facts.acquire.via ?? {}
  if (otherwise !== undefined)
    return manual(
      facts,
      otherwise === 'the-same' ? 'keyed-acquire' : 'conditional-acquire',
      functionStep(facts, notes[otherwise]),
    )
  // Taken apart at once, or not even bound, it is no variable that could be taken for the connection.
  if (promised !== 'with-release' || (binding.kind !== 'declared' && binding.kind !== 'assigned'))
    return undefined
  return manual(facts, 'pattern-binding', functionStep(facts, 'gives the connection and its release in one'))
}

const notes: Readonly<Record<OtherwiseGiven, string>> = {
  another:
    'gives one of its own only where there is none yet: whether it has to be given back is not known here',
  none: 'gives one on some of its paths only, and none on the others',
  'the-same': 'keeps the one that it takes, and gives the same one again',
}

function functionStep(facts: SiteFacts, note: string): WitnessStep {
  const { acquire } = facts
  const declaration = acquire.via?.declaration
  return declaration === undefined
    ? witnessStep(acquire.call, `${acquire.method} ${note}`)
    : stepFor(facts, declaration.name ?? declaration, `${nameOfFunction(declaration)} ${note}`)
}

/** `getClient()` that does something besides, or waits for a callback: the rewrite would take that away. */
export function wrapperObstacle(
  facts: SiteFacts,
): { readonly reason: ReasonCode; readonly step: WitnessStep } | undefined {
  const { acquire } = facts
  const { via } = acquire
  if (via === undefined || via.isPlain) return undefined
  if (via.promised !== undefined)
    return {
      reason: 'callback-style',
      step: witnessStep(acquire.call, 'the called function gets it by a callback, and makes a promise of it'),
    }
  if (via.overriddenBy !== undefined)
    return {
      reason: 'receiver-effect',
      step: stepFor(facts, via.overriddenBy, 'overridden here: which of the two runs is not known'),
    }
  const note =
    via.declaration === undefined
      ? 'its declaration does not show what it does to get the connection'
      : `${receiverEffectNote.split(',')[0] ?? ''}: the called function does more than take the connection`
  return { reason: 'receiver-effect', step: witnessStep(acquire.call, note) }
}

function manual(facts: SiteFacts, reason: ReasonCode, step: WitnessStep): Judgement {
  return { verdict: 'manual', shape: shapeOf(facts), reason, witness: witnessOf(facts, step) }
}
