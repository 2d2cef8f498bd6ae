import ts from 'typescript'
import type { ReceiverRule, TypeName } from '../../model/dialect'
import { typeFact } from './declared-types'
import { lastAssigned, narrowedTo } from '../syntax/narrowing'
import type { ParsedPackage } from '../modules/parse-package'
import { maxDepth, type TypeFact } from './type-fact'
import { TypeFacts } from './type-facts'

/** `unknown`: nothing shows what it is. `doubtful`: it may be, and may be something else. */
export type Match = 'yes' | 'no' | 'unknown' | 'doubtful'

/** Decides by declarations inside the package whether a receiver is of a dialect; `unknown` asks for a type checker. */
export class ReceiverTypes {
  readonly facts: TypeFacts

  constructor(private readonly parsed: ParsedPackage) {
    this.facts = new TypeFacts(parsed)
  }

  match(receiver: ts.Expression, rule: ReceiverRule): Match {
    const assigned = lastAssigned(receiver)
    const latest = assigned === undefined ? undefined : this.facts.factOf(assigned, 0)
    const fact = latest === undefined || latest.kind === 'unknown' ? this.facts.factOf(receiver, 0) : latest
    const match = this.matchFact(fact, rule, 0)
    if (match === 'yes') return match
    for (const narrowed of narrowedTo(receiver, this.parsed.checker)) {
      const fact = ts.isTypeNode(narrowed)
        ? typeFact(narrowed, this.facts, 0)
        : this.facts.entityFact(narrowed, 0)
      if (this.matchFact(fact, rule, 0) === 'yes') return 'yes'
    }
    return match
  }

  /** Whether a module, whose function is called by its bare name, is the receiver. */
  matchModule(callee: ts.Identifier, rule: ReceiverRule): Match {
    const symbol = this.parsed.checker.getSymbolAtLocation(callee)
    const fact = this.facts.symbolFact(symbol, 0)
    if (fact.kind === 'external')
      return rule.types?.some((type) => type.name === '*' && type.module === fact.module) === true
        ? 'yes'
        : 'no'
    const declaration = this.facts.resolveAlias(symbol)?.declarations?.[0]
    if (declaration === undefined || rule.members === undefined) return 'no'
    const home = ts.findAncestor(
      declaration.parent,
      (one) => !ts.isVariableStatement(one) && !ts.isVariableDeclarationList(one),
    )
    if (home === undefined || !ts.isSourceFile(home)) return 'no'
    return this.matchFact({ kind: 'declared', declaration: home }, rule, 0)
  }

  matchFact(fact: TypeFact, rule: ReceiverRule, depth: number): Match {
    if (depth > maxDepth) return 'unknown'
    switch (fact.kind) {
      case 'unknown':
        return 'unknown'
      case 'either': {
        // One that surely is something else makes the whole doubtful: its connections are not ours to take.
        const matches = fact.facts.map((one) => this.matchFact(one, rule, depth + 1))
        if (matches.includes('doubtful')) return 'doubtful'
        if (!matches.includes('yes'))
          return matches.includes('unknown') || matches.length === 0 ? 'unknown' : 'no'
        return matches.includes('no') ? 'doubtful' : 'yes'
      }
      case 'both': {
        const matches = fact.facts.map((one) => this.matchFact(one, rule, depth + 1))
        if (matches.includes('yes')) return 'yes'
        const members = new Set(fact.facts.flatMap((one) => [...this.membersOfFact(one, depth)]))
        if (declares(members, rule)) return 'yes'
        return matches.includes('unknown') || matches.includes('doubtful') ? 'unknown' : 'no'
      }
      case 'external': {
        if (isNamed(fact, rule.types ?? [])) return 'yes'
        // A class of the very module that the rule names, but another class: surely not.
        const isClass = /^[A-Z]\w*$/.test(fact.name)
        return isClass && rule.types?.some((type) => type.module === fact.module) === true ? 'no' : 'unknown'
      }
      case 'declared':
        return this.matchDeclaration(fact.declaration, rule, depth)
    }
  }

  private matchDeclaration(
    declaration: Extract<TypeFact, { kind: 'declared' }>['declaration'],
    rule: ReceiverRule,
    depth: number,
  ): Match {
    const name = nameOfDeclaration(declaration)
    if (
      name !== undefined &&
      rule.types?.some((type) => type.name === name && type.module === undefined) === true
    )
      return 'yes'
    const { members, open } = this.membersOf(declaration, depth)
    if (declares(members, rule)) return 'yes'
    const parents = this.facts.parentsOf(declaration).map((parent) => this.matchFact(parent, rule, depth + 1))
    if (parents.includes('yes')) return 'yes'
    return open || parents.includes('unknown') || parents.includes('doubtful') ? 'unknown' : 'no'
  }

  private membersOfFact(fact: TypeFact, depth: number): ReadonlySet<string> {
    return fact.kind === 'declared' ? this.membersOf(fact.declaration, depth + 1).members : new Set()
  }

  private membersOf(declaration: ts.Node, depth: number): { members: Set<string>; open: boolean } {
    const members = new Set<string>()
    let open = false
    if (ts.isSourceFile(declaration)) {
      const symbol = this.parsed.checker.getSymbolAtLocation(declaration)
      if (symbol === undefined) open = true
      else for (const exported of this.parsed.checker.getExportsOfModule(symbol)) members.add(exported.name)
      return { members, open }
    }
    if (ts.isObjectLiteralExpression(declaration)) {
      for (const property of declaration.properties) {
        if (property.name === undefined) open = true
        else members.add(property.name.getText())
      }
      return { members, open }
    }
    if (
      ts.isClassLike(declaration) ||
      ts.isInterfaceDeclaration(declaration) ||
      ts.isTypeLiteralNode(declaration)
    ) {
      for (const member of declaration.members)
        if (member.name !== undefined) members.add(member.name.getText())
      if (depth < maxDepth) {
        for (const parent of this.facts.parentsOf(declaration)) {
          if (parent.kind !== 'declared') continue
          for (const name of this.membersOf(parent.declaration, depth + 1).members) members.add(name)
        }
      }
    }
    return { members, open }
  }
}

/** Whether what comes from outside is one of the named types. */
export function isNamed(
  { name, module, local }: Extract<TypeFact, { kind: 'external' }>,
  types: readonly TypeName[],
): boolean {
  return types.some(
    (type) => (type.name === name || type.name === local) && (type.module ?? module) === module,
  )
}

function declares(members: ReadonlySet<string>, rule: ReceiverRule): boolean {
  return rule.members !== undefined && rule.members.every((member) => members.has(member))
}

function nameOfDeclaration(declaration: ts.Node): string | undefined {
  return ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration)
    ? declaration.name?.text
    : undefined
}
