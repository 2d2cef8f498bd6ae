import { ts } from 'ts-morph'
import type { ReceiverRule } from '../model/dialect'
import type { ParsedPackage } from './parse-package'
import { maxDepth, type TypeFact } from './type-fact'
import { TypeFacts } from './type-facts'

export type Match = 'yes' | 'no' | 'unknown'

/** Decides by declarations inside the package whether a receiver is of a dialect; `unknown` asks for a type checker. */
export class ReceiverTypes {
  private readonly facts: TypeFacts

  constructor(private readonly parsed: ParsedPackage) {
    this.facts = new TypeFacts(parsed)
  }

  match(receiver: ts.Expression, rule: ReceiverRule): Match {
    return this.matchFact(this.facts.factOf(receiver, 0), rule, 0)
  }

  private matchFact(fact: TypeFact, rule: ReceiverRule, depth: number): Match {
    if (depth > maxDepth) return 'unknown'
    switch (fact.kind) {
      case 'unknown':
        return 'unknown'
      case 'either': {
        // One that surely is something else makes the whole doubtful: its connections are not ours to take.
        const matches = fact.facts.map((one) => this.matchFact(one, rule, depth + 1))
        if (!matches.includes('yes'))
          return matches.includes('unknown') || matches.length === 0 ? 'unknown' : 'no'
        return matches.includes('no') ? 'unknown' : 'yes'
      }
      case 'both': {
        const matches = fact.facts.map((one) => this.matchFact(one, rule, depth + 1))
        return matches.includes('yes') ? 'yes' : matches.includes('unknown') ? 'unknown' : 'no'
      }
      case 'external': {
        const { name, module } = fact
        if (rule.types?.some((type) => type.name === name && (type.module ?? module) === module) === true)
          return 'yes'
        // A class of the very module that the rule names, but another class: surely not.
        return rule.types?.some((type) => type.module === module) === true ? 'no' : 'unknown'
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
    if (rule.members !== undefined && rule.members.every((member) => members.has(member))) return 'yes'
    const parents = this.facts.parentsOf(declaration).map((parent) => this.matchFact(parent, rule, depth + 1))
    if (parents.includes('yes')) return 'yes'
    return open || parents.includes('unknown') ? 'unknown' : 'no'
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

function nameOfDeclaration(declaration: ts.Node): string | undefined {
  return ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration)
    ? declaration.name?.text
    : undefined
}
