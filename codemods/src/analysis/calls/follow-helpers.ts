import type { AcquireCall } from '../connection/acquire-call'
import { bindingOf } from '../connection/acquire-binding'
import { CalledFunctions } from '../modules/called-functions'
import { CalleeSummaries } from './callee-summary'
import { findUses } from '../connection/connection-uses'
import type { ParsedPackage } from '../modules/parse-package'
import { enclosingFunction, receiverText } from '../syntax/syntax'

const maxRounds = 12

/**
 * Reads the package as far as the connections of these sites are handed on: the files of the functions that get one, and of those that
 * these hand it to. Files that hold no site are found this way alone, so what is read depends on the sites and not on the package.
 */
export function followHelpers(acquires: readonly AcquireCall[], parsed: ParsedPackage): CalleeSummaries {
  const called = new CalledFunctions(parsed)
  for (let round = 0; round < maxRounds; round += 1) {
    const summaries = new CalleeSummaries(called)
    for (const acquire of acquires) summarizeCalls(acquire, summaries, parsed)
    const wanted = called.takeWanted()
    if (wanted.size === 0) return summaries
    parsed.include(wanted)
  }
  return new CalleeSummaries(called)
}

function summarizeCalls(acquire: AcquireCall, summaries: CalleeSummaries, { checker }: ParsedPackage): void {
  if (acquire.kind !== 'acquire') return
  if (acquire.via !== undefined && acquire.call.arguments.length > 0) summaries.called.ofCall(acquire.call)
  const binding = bindingOf(acquire)
  if (binding.kind !== 'declared' && binding.kind !== 'assigned') return
  const query = { checker, dialect: acquire.dialect, receiver: receiverText(acquire.receiver) }
  const scope = enclosingFunction(acquire.call)
  const uses = findUses(binding.name, scope, query)
  for (const use of uses) summaries.ofUse(use, query)
  for (const use of uses) summaries.helpers.reachOf([use], scope, query, false)
}
