import type ts from 'typescript'
import type { HelperRun } from './helper'
import { Typestate } from './typestate-machine'
import type { ConnectionState } from './connection-state'
import type { Finding, TypestateQuery } from './typestate-model'

/** What a run with helpers whose code is known found beside its ways out. */
export interface HelpedRun extends HelperRun {
  readonly findings: readonly Finding[]
}

/** {@link runTypestate} with calls of helpers taken apart by what they do on each of their own paths. */
export function runHelped(query: TypestateQuery): HelpedRun {
  const machine = new Typestate(query)
  const findings = machine.run()
  const { lateUse, leftover } = machine
  return {
    findings,
    exits: [...machine.exits.values()],
    ...(lateUse === undefined ? {} : { lateUse }),
    ...(leftover === undefined ? {} : { leftover }),
  }
}

/** Runs the machine over every path and returns what goes wrong, each with a shortest path. Ends: states are finite. */
export function runTypestate(query: TypestateQuery): readonly Finding[] {
  return new Typestate(query).run()
}

/** The operations that run while the connection is held, on some path. */
export function nodesWhileHeld(query: TypestateQuery): ReadonlySet<ts.Node> {
  const machine = new Typestate(query)
  machine.run()
  return machine.whileHeld
}

/** The states in which a function may be left that gets a held connection as a parameter, apart by the way it is left. */
export function exitsOf(query: TypestateQuery): {
  readonly returned: ReadonlySet<ConnectionState>
  readonly thrown: ReadonlySet<ConnectionState>
  readonly findings: readonly Finding[]
} {
  const machine = new Typestate({ ...query, heldFromStart: true })
  const findings = machine.run()
  return { findings, returned: machine.returned, thrown: machine.thrown }
}
