import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import type { AcquireCall } from '../connection/acquire-call'
import { returnFact } from './declared-types'
import type { NamedCall } from './find-acquires'
import { isNamed, type ReceiverTypes } from './receiver-types'
import { outermost, unwrapExpression, type FunctionLike } from '../syntax/syntax'
import type { TypeFacts } from './type-facts'
import { membersAskedOf } from './use-evidence'
import { functionNode, isAsync, isPlain, isVisibleOutside, nameOf, wrapperAround } from './wrapper-functions'

/** The package's own functions that take a connection and return it, by whatever name. */
export class Wrappers {
  private readonly byFunction = new Map<FunctionLike, AcquireCall>()
  private readonly names = new Map<string, AcquireCall>()
  private readonly releasing = new Map<ts.SourceFile, Map<Dialect, boolean>>()

  private readonly facts: TypeFacts

  constructor(
    private readonly types: ReceiverTypes,
    private readonly dialects: readonly Dialect[],
  ) {
    this.facts = types.facts
  }

  get size(): number {
    return this.byFunction.size
  }

  /** Learns the functions around the given calls; true when there was a new one. */
  learn(acquires: readonly AcquireCall[]): boolean {
    const before = this.size
    for (const acquire of acquires) {
      // what a scoped call returns is no connection
      if (acquire.kind !== 'acquire') continue
      const wrapper = wrapperAround(acquire)
      if (wrapper === undefined || this.byFunction.has(wrapper.declaration)) continue
      this.byFunction.set(wrapper.declaration, acquire)
      this.names.set(wrapper.name, acquire)
    }
    return this.size > before
  }

  /** Names under which other files may call them. */
  exportedNames(): readonly string[] {
    return [...this.byFunction.keys()].flatMap((declaration) => {
      const name = nameOf(declaration)
      return name !== undefined && isVisibleOutside(declaration) ? [name] : []
    })
  }

  /** The acquire that a call amounts to, when its name is no dialect's. */
  acquireOf(named: NamedCall): AcquireCall | undefined {
    return this.ofWrapper(named) ?? this.ofDeclaredHandle(named) ?? this.ofPoolArgument(named)
  }

  private ofWrapper(named: NamedCall): AcquireCall | undefined {
    const byName = this.names.get(named.method)
    if (byName === undefined) return undefined
    const declaration = this.functionOf(named.call)
    const inner = declaration === undefined ? undefined : this.byFunction.get(declaration)
    if (inner !== undefined) return this.derivedCall(named, inner, declaration)
    // A method of that name on a receiver that nothing shows: how its result is given back does.
    if (declaration !== undefined || this.isResolved(named.call)) return undefined
    const asked = membersAskedOf(named.call, {}, this.facts.checker)
    return givesBack(byName.dialect, asked) ? this.derivedCall(named, byName, undefined) : undefined
  }

  private derivedCall(
    named: NamedCall,
    inner: AcquireCall,
    declaration: FunctionLike | undefined,
  ): AcquireCall | undefined {
    if (inner.kind !== 'acquire') return undefined
    const isSync = inner.rule.isSync === true && !(declaration !== undefined && isAsync(declaration))
    return {
      ...named,
      kind: 'acquire',
      dialect: inner.dialect,
      rule: { method: named.method, ...(isSync ? { isSync } : {}) },
      via: {
        ...(declaration === undefined ? {} : { declaration }),
        isPlain: declaration !== undefined && isPlain(declaration, inner, this.facts.checker),
      },
    }
  }

  /** `db.checkout()` whose declared result is a handle of a dialect, and is given back here. */
  private ofDeclaredHandle(named: NamedCall): AcquireCall | undefined {
    const { call } = named
    if (!ts.isAwaitExpression(outermost(call).parent)) return undefined
    const file = call.getSourceFile()
    const given = this.dialects.filter(
      (dialect) => dialect.handle?.types !== undefined && this.mentionsRelease(file, dialect),
    )
    if (given.length === 0) return undefined
    // Before its type, which costs more to find: what most awaited calls give is no more than looked into.
    const asked = membersAskedOf(call, {}, this.facts.checker)
    for (const dialect of given) {
      if (!givesBack(dialect, asked)) continue
      const [declaration] = this.facts.calleeOf(unwrapExpression(call.expression))
      if (declaration === undefined) return undefined
      const fact = returnFact(declaration, this.facts, 0)
      if (fact.kind !== 'external' || !isNamed(fact, dialect.handle?.types ?? [])) continue
      return {
        ...named,
        kind: 'acquire',
        dialect,
        rule: { method: named.method },
        via: { isPlain: false },
      }
    }
    return undefined
  }

  /** Asked for each call of a file, and read out of its text once. */
  private mentionsRelease(file: ts.SourceFile, dialect: Dialect): boolean {
    const known = this.releasing.get(file) ?? new Map<Dialect, boolean>()
    this.releasing.set(file, known)
    const isKnown = known.get(dialect)
    if (isKnown !== undefined) return isKnown
    const isMentioned = dialect.release.some(
      (rule) => rule.on === 'connection' && file.text.includes(`.${rule.method}(`),
    )
    known.set(dialect, isMentioned)
    return isMentioned
  }

  /** `await getConnection(pool)` of a function from outside the package: the pool that it gets shows whose connection it gives. */
  private ofPoolArgument(named: NamedCall): AcquireCall | undefined {
    const { call, method } = named
    const [pool] = call.arguments
    if (pool === undefined || call.arguments.length > 1 || !/(conn|connection|client)$/i.test(method))
      return undefined
    if (!ts.isAwaitExpression(outermost(call).parent)) return undefined
    const [, fact] = this.facts.calleeOf(unwrapExpression(call.expression))
    if (fact.kind !== 'external') return undefined
    const dialect = this.dialects.find(
      (one) => one.handle?.kind === 'node-postgres' && this.types.match(pool, one.receiver) === 'yes',
    )
    if (dialect === undefined) return undefined
    return { ...named, kind: 'acquire', dialect, rule: { method }, via: { isPlain: false } }
  }

  private functionOf(call: ts.CallExpression): FunctionLike | undefined {
    const [declaration] = this.facts.calleeOf(unwrapExpression(call.expression))
    return declaration === undefined ? undefined : functionNode(declaration, this.facts)
  }

  private isResolved(call: ts.CallExpression): boolean {
    const [declaration, fact] = this.facts.calleeOf(unwrapExpression(call.expression))
    return declaration !== undefined || fact.kind !== 'unknown' || !calledByMethod(call)
  }
}

function calledByMethod(call: ts.CallExpression): boolean {
  return ts.isPropertyAccessExpression(unwrapExpression(call.expression))
}

function givesBack(dialect: Dialect, asked: ReadonlySet<string>): boolean {
  return dialect.release.some((rule) => rule.on === 'connection' && asked.has(rule.method))
}
