import type { Check, CrossingResult, TestResult } from '../report/model'
import type { ConnectionRecord, UnitRecord } from '../timeline/records'

/** What the run left behind, to be judged. */
export interface FinalState {
  readonly units: readonly UnitRecord[]
  readonly connections: readonly ConnectionRecord[]
  /** Leases that processes still had when they ended. */
  readonly leasesLeftOver: number
  /** Sessions that the server still lists after every process of the example has ended. */
  readonly sessionsLeft: number
  readonly tests: readonly TestResult[]
  readonly crossings: readonly CrossingResult[]
  readonly componentCount: number
  /** Call sites that the codemods proved and a second scan still finds in the old form. */
  readonly rewritableLeft: number
}

/** Everything that must hold at the end of the demo. Pure. */
export function checkFinalState(state: FinalState): readonly Check[] {
  const { units, connections, tests, crossings, componentCount } = state
  const failed = units.filter(({ error }) => error !== undefined)
  const split = units.filter(({ servedBy }) => servedBy === 'both')
  const arrived = crossings.filter(({ ramps }) => ramps.some(({ share }) => share === 1))
  const failedTests = tests.reduce((sum, test) => sum + test.failed, 0)
  const over = sustainedExcess(connections)
  return [
    check(
      'no request failed',
      failed.length === 0 && units.length > 0,
      `${failed.length} of ${units.length} units of work`,
    ),
    check('no unit was split between the sides', split.length === 0, `${split.length} of ${units.length}`),
    check(
      'every lease went back to its side',
      state.leasesLeftOver === 0,
      `${state.leasesLeftOver} left over when the processes ended`,
    ),
    check(
      'no connection leaked',
      state.sessionsLeft === 0,
      `${state.sessionsLeft} sessions left on the server`,
    ),
    check('both sides together stayed inside the budget', over === undefined, over ?? peakOf(connections)),
    check(
      'every component arrived',
      arrived.length === componentCount,
      `${arrived.length} of ${componentCount} at 100 %`,
    ),
    check(
      'every provable call site was rewritten',
      state.rewritableLeft === 0,
      `${state.rewritableLeft} left`,
    ),
    check(
      'the tests of the example pass before, between and after',
      failedTests === 0 && new Set(tests.map(({ when }) => when)).size === 3,
      tests.map(({ when, passed, failed: bad }) => `${when} ${passed} passed, ${bad} failed`).join(' · '),
    ),
  ]
}

function check(name: string, isMet: boolean, detail: string): Check {
  return { name, isMet, detail }
}

/**
 * More connections than allowed in two samples running. A single one may be a session that its client has closed already and
 * the server not yet.
 */
function sustainedExcess(records: readonly ConnectionRecord[]): string | undefined {
  const isOver = ({ legacy, service, budget }: ConnectionRecord): boolean => legacy + service > budget
  const index = records.findIndex((record, at) => {
    const next = records[at + 1]
    return isOver(record) && next !== undefined && isOver(next)
  })
  const found = records[index]
  return found === undefined
    ? undefined
    : `${found.legacy} + ${found.service} connections with a budget of ${found.budget}`
}

function peakOf(records: readonly ConnectionRecord[]): string {
  const fullest = [...records].sort((a, b) => b.legacy + b.service - (a.legacy + a.service))[0]
  if (fullest === undefined) return 'nobody looked'
  return `at most ${fullest.legacy + fullest.service} connections, with a budget of ${fullest.budget}`
}
