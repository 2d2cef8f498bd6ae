import type { Verdict } from '../model/site'

/** In the order in which a person wants to read them. */
export const verdictOrder: readonly Verdict[] = ['leak', 'manual', 'rewritable', 'rewritten', 'already']

/** Of one site. */
export const verdictNames: Readonly<Record<Verdict, string>> = {
  leak: 'Leak',
  manual: 'Needs a person',
  rewritable: 'Can be rewritten',
  rewritten: 'Rewritten',
  already: 'On the service',
}

/** Of a count of them. */
export const verdictTitles: Readonly<Record<Verdict, string>> = {
  leak: 'Leaks',
  manual: 'Needs a person',
  rewritable: 'Can be rewritten',
  rewritten: 'Rewritten',
  already: 'On the service already',
}
