import ts from 'typescript'
import { serviceDialectId } from '../connection/acquire-call'
import { functionRunning } from '../connection/chosen-pool'
import type { SiteFacts } from '../calls/site-facts'
import { witnessStep } from '../calls/witness'
import { reasonAdvice, type Site } from '../../model/site'
import { unwrapExpression } from '../syntax/syntax'
import type { Judgement, Unmended } from './judgement'

/** The sites of a file by the function that is under way when they take. */
export function sitesByFunction(all: readonly SiteFacts[]): (facts: SiteFacts) => readonly SiteFacts[] {
  const groups = new Map<ts.Node, SiteFacts[]>()
  for (const facts of all) {
    const home = functionRunning(facts.acquire.call)
    const group = groups.get(home)
    if (group === undefined) groups.set(home, [facts])
    else group.push(facts)
  }
  return ({ acquire }) => groups.get(functionRunning(acquire.call)) ?? []
}

/** Where one function takes from two pools, from here to there, one service cannot stand for both. */
export function withOnePool(
  judgement: Judgement,
  facts: SiteFacts,
  beside: readonly SiteFacts[],
  checker: ts.TypeChecker,
): Judgement {
  if (judgement.plan === undefined || beside.length < 2) return judgement
  if (facts.acquire.dialect.id === serviceDialectId) return judgement
  const own = poolOf(facts, checker)
  if (own === undefined) return judgement
  const rival = beside.find((other) => {
    if (other === facts || other.acquire.dialect !== facts.acquire.dialect) return false
    const pool = poolOf(other, checker)
    return pool !== undefined && areTwo(own, pool)
  })
  if (rival === undefined) return judgement
  const { plan: _plan, labels: _labels, ...rest } = judgement
  if (judgement.verdict === 'leak') return { ...rest, unmended: rivalry(rival, 'pool') }
  return { ...rest, ...besideRival(facts, rival, 'pool') }
}

/** What a site is told whose pool is not the only one that its service would have to stand for. */
export function besideRival(
  { acquire }: SiteFacts,
  rival: SiteFacts,
  what: 'pool' | 'database',
): Pick<Site, 'verdict' | 'reason' | 'advice' | 'witness'> {
  const { reason, step } = rivalry(rival, what)
  return {
    verdict: 'manual',
    reason,
    advice: reasonAdvice[reason],
    witness: [witnessStep(acquire.call, 'the connection is taken here'), step],
  }
}

/** The same for a leak, which stays one. */
export function rivalry({ acquire }: SiteFacts, what: 'pool' | 'database'): Unmended {
  return {
    reason: 'receiver-effect',
    step: witnessStep(acquire.call, `and here one of another ${what}: one service cannot stand for both`),
  }
}

/** Where the pool that a site takes from is declared, be it by a function of the package's own. */
export function poolOf({ acquire }: SiteFacts, checker: ts.TypeChecker): ts.Declaration | undefined {
  const receiver = unwrapExpression(acquire.via?.pool ?? acquire.receiver)
  const name = ts.isPropertyAccessExpression(receiver) ? receiver.name : receiver
  const symbol = checker.getSymbolAtLocation(name)
  if (symbol === undefined) return undefined
  const target = (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  return target.declarations?.[0]
}

/** Names of one list (parameters, fields, a pattern), or made in different ways: in doubt they are one. */
function areTwo(one: ts.Declaration, other: ts.Declaration): boolean {
  if (one === other) return false
  const [first, second] = [madeBy(one), madeBy(other)]
  if (first !== undefined && second !== undefined) return first !== second
  return one.parent === other.parent && !ts.isSourceFile(one.parent) && !ts.isVariableDeclaration(one)
}

/** `new Pool({ connectionString: process.env.SOURCE })`, as it is written. */
function madeBy(declaration: ts.Declaration): string | undefined {
  const hasValue = ts.isVariableDeclaration(declaration) || ts.isPropertyDeclaration(declaration)
  const value = hasValue && declaration.initializer ? unwrapExpression(declaration.initializer) : undefined
  return value !== undefined && ts.isNewExpression(value) ? value.getText() : undefined
}
