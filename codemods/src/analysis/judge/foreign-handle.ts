import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import type { ReasonCode, WitnessStep } from '../../model/site'
import type { Judgement } from './judgement'
import type { SiteFacts } from '../calls/site-facts'
import { wrapperObstacle } from './judge-wrapper'
import { isFunctionWithBody, outermost, unwrapExpression } from '../syntax/syntax'
import { witnessOf, witnessStep } from '../calls/witness'

/** Which drivers the package knows, asked only where a handle is of whatever driver there is. */
export interface KnownDrivers {
  readonly isPostgresOnly: () => boolean
  readonly isOtherServerOnly: () => boolean
}

/**
 * Takes back what the analysis of paths allowed when the rewrite would put the service's connection where something else was expected:
 * a handle with an API of its own, or a function of the package that does more than take the connection.
 */
export function withinReach(judgement: Judgement, facts: SiteFacts, drivers: KnownDrivers): Judgement {
  if (judgement.plan === undefined) return judgement
  const obstacle = obstacleOf(facts, drivers)
  if (obstacle === undefined) return judgement
  const { plan: _plan, labels: _labels, ...rest } = judgement
  // A leak stays a leak, whoever can mend it.
  if (judgement.verdict === 'leak') return { ...rest, unmended: obstacle }
  return {
    ...rest,
    verdict: 'manual',
    reason: obstacle.reason,
    witness: witnessOf(facts, obstacle.step),
  }
}

interface Obstacle {
  readonly reason: ReasonCode
  readonly step: WitnessStep
}

function obstacleOf(facts: SiteFacts, drivers: KnownDrivers): Obstacle | undefined {
  const { acquire } = facts
  const wrapper = wrapperObstacle(facts)
  if (wrapper !== undefined) return wrapper
  const foreign = foreignObstacle(facts, drivers)
  if (foreign !== undefined) return { reason: 'foreign-handle', step: foreign }
  if (acquire.kind === 'scoped' || acquire.rule.isSync !== true) return undefined
  return {
    reason: 'unsupported-shape',
    step: witnessStep(acquire.call, 'taken without await, and the service has to be waited for'),
  }
}

function foreignObstacle(facts: SiteFacts, drivers: KnownDrivers): WitnessStep | undefined {
  const { acquire } = facts
  const kind = acquire.dialect.handle?.kind ?? 'node-postgres'
  if (kind === 'node-postgres')
    // One method is little to know a receiver by: other servers have managers of connections too.
    return acquire.kind === 'scoped' &&
      acquire.dialect.receiver.members?.length === 1 &&
      drivers.isOtherServerOnly()
      ? witnessStep(acquire.call, 'the package knows the driver of another database, and none of PostgreSQL')
      : undefined
  if (kind === 'driver')
    return drivers.isPostgresOnly()
      ? undefined
      : witnessStep(acquire.call, 'nothing shows that this is a connection to PostgreSQL')
  if (kind === 'made')
    return acquire.isPostgres === true
      ? undefined
      : witnessStep(acquire.call, 'nothing shows that this pool makes clients of PostgreSQL')
  return ownUse(facts, acquire.dialect)
}

/** The first use of a handle's own API, or else the place where it is taken. */
function ownUse(facts: SiteFacts, dialect: Dialect): WitnessStep {
  const { acquire } = facts
  const note = `a connection of ${dialect.id}, which has an API of its own`
  if (acquire.kind === 'scoped') {
    const callback = acquire.call.arguments[acquire.rule.callbackArgument]
    const bare = callback === undefined ? undefined : unwrapExpression(callback)
    const parameter = bare !== undefined && isFunctionWithBody(bare) ? bare.parameters[0] : undefined
    return witnessStep(parameter ?? acquire.call, note)
  }
  const use = facts.uses.find(({ kind }) => kind !== 'release' && kind !== 'test')
  if (use === undefined) return witnessStep(acquire.call, note)
  const { parent } = outermost(use.node)
  const member = ts.isPropertyAccessExpression(parent) ? `.${parent.name.text}` : 'the handle itself'
  return witnessStep(use.node, `${member} belongs to the API of ${dialect.id}`)
}
