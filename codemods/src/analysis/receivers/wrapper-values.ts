import ts from 'typescript'
import { serviceDialectId, type AcquireCall, type AcquireWrapper } from '../connection/acquire-call'
import { enclosingFunction, type FunctionLike } from '../syntax/syntax'
import type { TypeFacts } from './type-facts'
import { isGenerator, nameOf } from './wrapper-functions'
import { isReturned, variableOf } from './wrapper-leaves'
import { promiseAround, promisedConnection } from './wrapper-promise'
import { Returns, type Taken } from './wrapper-returns'

/** A named function of the package that gives its callers what it takes, on all of its paths or on some. */
export interface WrapperFunction extends Pick<AcquireWrapper, 'otherwise' | 'promised'> {
  readonly declaration: FunctionLike
  readonly name: string
  /** The first call inside that takes a connection. */
  readonly acquire: AcquireCall
}

export function wrapperFunctions(
  acquires: readonly AcquireCall[],
  facts: TypeFacts,
): readonly WrapperFunction[] {
  const byFunction = new Map<FunctionLike, Taken[]>()
  for (const taken of [...takenByCall(acquires), ...takenByPromise(acquires, facts)]) {
    const home = enclosingFunction(taken.node)
    if (ts.isSourceFile(home) || home.body === undefined || isGenerator(home)) continue
    const others = byFunction.get(home)
    if (others === undefined) byFunction.set(home, [taken])
    else others.push(taken)
  }
  return [...byFunction].flatMap(([declaration, all]) => wrapperOf(declaration, all, facts) ?? [])
}

function takenByCall(acquires: readonly AcquireCall[]): readonly Taken[] {
  return acquires.flatMap((acquire) => {
    if (!mayBeHandedOn(acquire)) return []
    const isByCallback = acquire.rule.callbackArgument !== undefined && acquire.call.arguments.length > 0
    const { otherwise, promised } = acquire.via ?? {}
    return isByCallback ? [] : [{ node: acquire.call, acquire, ...wayOf(otherwise, promised) }]
  })
}

function takenByPromise(acquires: readonly AcquireCall[], facts: TypeFacts): readonly Taken[] {
  const byPromise = new Map<ts.NewExpression, AcquireCall[]>()
  for (const acquire of acquires) {
    const promise = mayBeHandedOn(acquire) ? promiseAround(acquire) : undefined
    if (promise !== undefined) byPromise.set(promise, [...(byPromise.get(promise) ?? []), acquire])
  }
  return [...byPromise].flatMap(([node, inside]) => {
    const [acquire] = inside
    const given = promisedConnection(node, inside, facts)
    if (acquire === undefined || given === undefined) return []
    return [{ node, acquire, ...wayOf(given.isOnSomePaths ? 'another' : undefined, given.promised) }]
  })
}

function wayOf(
  otherwise: AcquireWrapper['otherwise'],
  promised: AcquireWrapper['promised'],
): Pick<AcquireWrapper, 'otherwise' | 'promised'> {
  return {
    ...(otherwise === undefined ? {} : { otherwise }),
    ...(promised === undefined ? {} : { promised }),
  }
}

/** What a scoped call returns is no connection, and the service's own need no rewrite. */
function mayBeHandedOn(acquire: AcquireCall): acquire is Extract<AcquireCall, { kind: 'acquire' }> {
  return acquire.kind === 'acquire' && acquire.dialect.id !== serviceDialectId
}

function wrapperOf(
  declaration: FunctionLike,
  all: readonly Taken[],
  facts: TypeFacts,
): WrapperFunction | undefined {
  const name = nameOf(declaration)
  if (name === undefined || declaration.body === undefined) return undefined
  // Most functions that take a connection return something else, which is seen before any name is looked up.
  const handedOn = all.filter(({ node }) => isReturned(node) || variableOf(node) !== undefined)
  if (handedOn.length === 0) return undefined
  const { given, otherwise } = new Returns(declaration, handedOn, facts)
  const [first] = given
  if (first === undefined) return undefined
  const promised = given.find((one) => one.promised === 'with-release') ?? given.find((one) => one.promised)
  return { declaration, name, acquire: first.acquire, ...wayOf(otherwise, promised?.promised) }
}
