import ts from 'typescript'
import type { Site, WitnessStep } from '../../model/site'
import type { AnalyzedSite } from './package-analysis'
import { callSlots } from '../connection/call-slots'
import type { UseQuery } from '../connection/connection-uses'
import { describePlace, fieldOfArgument, keptPlace, releasesFrom, type KeptPlace } from '../calls/kept-place'
import type { SiteFacts } from '../calls/site-facts'
import { nameOfFunction, receiverText } from '../syntax/syntax'
import { stepFor } from '../calls/witness'

/** How many callers, or places that release, a witness shows. */
const maxShown = 5

/** The rest of the path of a connection that leaves its function: where it goes, and whether it is given back there. */
export function crossingSteps(
  { site, facts }: AnalyzedSite,
  all: readonly AnalyzedSite[],
  checker: ts.TypeChecker,
): readonly WitnessStep[] {
  if (site.verdict !== 'manual') return []
  switch (site.reason) {
    case 'escapes-to-return':
      return callerSteps(facts, all)
    case 'escapes-to-field':
    case 'escapes-to-container':
    case 'escapes-to-module':
      return placeSteps(facts, site, checker)
    case 'escapes-to-closure':
      return closureSteps(facts, site, checker)
    case 'escapes-to-callee':
      return wrapperSteps(facts, checker)
    default:
      return []
  }
}

/** Who calls the function that returns it, and what becomes of it there. */
function callerSteps(facts: SiteFacts, all: readonly AnalyzedSite[]): readonly WitnessStep[] {
  if (ts.isSourceFile(facts.scope)) return []
  const { scope } = facts
  const name = nameOfFunction(scope)
  const callers = all.filter((one) => one.facts.acquire.via?.declaration === scope)
  const shown = callers
    .slice(0, maxShown)
    .map((one) => stepFor(facts, one.facts.acquire.call, `${name} is called here, ${fateOf(one)}`))
  const rest = callers.length - shown.length
  const last = callers[maxShown]
  return rest > 0 && last !== undefined
    ? [...shown, stepFor(facts, last.facts.acquire.call, `and here${andMore(rest - 1)}`)]
    : shown
}

function andMore(count: number): string {
  return count === 0 ? '' : `, and at ${String(count)} more ${count === 1 ? 'place' : 'places'}`
}

function fateOf({ site, facts }: AnalyzedSite): string {
  if (site.verdict === 'leak') return 'and lost on a path'
  const isHelped = [...facts.calls.values()].some(({ kind }) => kind === 'releases')
  if (facts.releases.length > 0 || isHelped || facts.usingDeclaration !== undefined)
    return 'and released there'
  return 'and handed on there'
}

function closureSteps(facts: SiteFacts, site: Site, checker: ts.TypeChecker): readonly WitnessStep[] {
  const nested = facts.releases.filter(({ isNested }) => isNested)
  return nested.length > 0
    ? nested.map(({ call }) => stepFor(facts, call, 'released when this function runs'))
    : placeSteps(facts, site, checker)
}

function placeSteps(facts: SiteFacts, site: Site, checker: ts.TypeChecker): readonly WitnessStep[] {
  const place = placeOf(facts, site)
  return place === undefined ? [] : releaseSteps(facts, place, checker)
}

/** The place that the site's reason speaks of. */
export function placeOf(facts: SiteFacts, { reason }: Pick<Site, 'reason'>): KeptPlace | undefined {
  if (facts.binding.kind === 'unbound') return keptPlace(facts.acquire.call)
  const escape = facts.uses.find((use) => use.kind === 'escape' && use.reason === reason)
  if (escape !== undefined) return keptPlace(escape.node)
  return facts.binding.kind === 'assigned' ? keptPlace(facts.acquire.call) : undefined
}

function releaseSteps(facts: SiteFacts, place: KeptPlace, checker: ts.TypeChecker): readonly WitnessStep[] {
  const releases = releasesFrom(place, queryOf(facts, checker))
  if (releases.length > 0)
    return releases.slice(0, maxShown).map(({ node, note }) => stepFor(facts, node, note))
  const where = place.kind === 'field' ? 'no method of that class releases' : 'nothing in this file releases'
  const node =
    place.kind === 'field' ? place.owner : place.kind === 'variable' ? place.name : facts.acquire.call
  return [stepFor(facts, node, `${where} what lies in ${describePlace(place)}`)]
}

/** `new Transaction(connection)`: which of its methods gives it back. */
function wrapperSteps(facts: SiteFacts, checker: ts.TypeChecker): readonly WitnessStep[] {
  return facts.uses.flatMap((use) =>
    callSlots(use).flatMap(({ call, index }) => {
      const callee = facts.calls.get(call)?.callee
      if (callee === undefined || !ts.isConstructorDeclaration(callee)) return []
      const place = fieldOfArgument(callee, index, checker)
      return place === undefined ? [] : releaseSteps(facts, place, checker)
    }),
  )
}

function queryOf({ acquire }: SiteFacts, checker: ts.TypeChecker): UseQuery {
  return { checker, dialect: acquire.dialect, receiver: receiverText(acquire.receiver) }
}
