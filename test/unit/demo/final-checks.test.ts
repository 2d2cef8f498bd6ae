import { checkFinalState, type FinalState } from '../../../examples/demo/crossing/final-checks'
import type { CrossingResult, TestResult } from '../../../examples/demo/report/model'
import { unit, units } from './records'

const tests: readonly TestResult[] = (['before', 'between', 'after'] as const).map((when) => ({
  when,
  passed: 5,
  failed: 0,
  tookMs: 1,
}))
const crossing: CrossingResult = {
  component: 'core',
  rewritten: 3,
  left: 1,
  ramps: [{ share: 1, units: 10, serviceUnits: 10 }],
  rollbacks: [],
  tookMs: 1,
}

const good: FinalState = {
  units: units(10),
  connections: [{ atMs: 0, legacy: 5, service: 5, budget: 10 }],
  leasesLeftOver: 0,
  sessionsLeft: 0,
  tests,
  crossings: [crossing],
  componentCount: 1,
  rewritableLeft: 0,
}

function unmet(changes: Partial<FinalState>): readonly string[] {
  return checkFinalState({ ...good, ...changes }).flatMap(({ name, isMet }) => (isMet ? [] : [name]))
}

describe('the checks at the end of the demo', () => {
  it('are all met by a run in which everything went well', () => {
    expect(unmet({})).toEqual([])
  })

  it.each<[string, Partial<FinalState>, string]>([
    ['a failed request', { units: [...units(9), unit({ error: 'x' })] }, 'no request failed'],
    ['a run without a single request', { units: [] }, 'no request failed'],
    [
      'a split unit',
      { units: [...units(9), unit({ servedBy: 'both' })] },
      'no unit was split between the sides',
    ],
    ['a lease left over', { leasesLeftOver: 1 }, 'every lease went back to its side'],
    ['a session left on the server', { sessionsLeft: 1 }, 'no connection leaked'],
    ['a component that did not arrive', { componentCount: 2 }, 'every component arrived'],
    [
      'a component that stopped half way',
      { crossings: [{ ...crossing, ramps: [{ share: 0.5, units: 9, serviceUnits: 4 }] }] },
      'every component arrived',
    ],
    ['a provable call site that was left', { rewritableLeft: 1 }, 'every provable call site was rewritten'],
  ])('notice %s', (_what, changes, name) => {
    expect(unmet(changes)).toEqual([name])
  })

  it('notice a failed test of the example, and tests that did not run at one of the three moments', () => {
    const name = 'the tests of the example pass before, between and after'
    expect(
      unmet({ tests: tests.map((test) => ({ ...test, failed: test.when === 'after' ? 1 : 0 })) }),
    ).toEqual([name])
    expect(unmet({ tests: tests.slice(0, 2) })).toEqual([name])
  })

  it('notice more connections than the budget in two samples running, and forgive a single one', () => {
    const over = { atMs: 0, legacy: 6, service: 5, budget: 10 }
    const within = { ...over, service: 4 }
    expect(unmet({ connections: [within, over, within, over, within] })).toEqual([])
    expect(unmet({ connections: [within, over, over] })).toEqual([
      'both sides together stayed inside the budget',
    ])
  })
})
