import ts from 'typescript'
import { serviceDialectId } from '../connection/acquire-call'
import type { SiteFacts } from '../calls/site-facts'
import { unwrapExpression } from '../syntax/syntax'
import { besideRival, poolOf, rivalry } from './one-pool'
import type { AnalyzedSite, FileAnalysis } from './package-analysis'

/** What of a pool's options says where it connects to, by name, where that can be compared. */
type Address = ReadonlyMap<string, Origin>

/** A constant, or the variables of the environment that a value may come from. */
type Origin = { readonly constant: string } | { readonly variables: ReadonlySet<string> }

const addressNames: ReadonlySet<string> = new Set(['connectionString', 'host', 'port', 'database'])

/**
 * Pools of one package that connect to different places, by constants or by variables of the environment: the package has one service,
 * and nothing shows which of them that is. In doubt they are one.
 */
export function withOneDatabase(
  files: readonly FileAnalysis[],
  checker: ts.TypeChecker,
): readonly FileAnalysis[] {
  const addresses = new Map<AnalyzedSite, Address>()
  for (const one of files.flatMap((file) => file.sites)) {
    const address = addressOf(one.facts, checker)
    if (address !== undefined) addresses.set(one, address)
  }
  const rivalOf = (own: Address): AnalyzedSite | undefined =>
    [...addresses].find(([, other]) => differ(own, other))?.[0]
  return files.map((file) => ({
    ...file,
    sites: file.sites.map((one) => {
      const address = addresses.get(one)
      const rival = address === undefined || one.plan === undefined ? undefined : rivalOf(address)
      return rival === undefined ? one : leftAlone(one, rival)
    }),
  }))
}

function leftAlone({ site, facts }: AnalyzedSite, rival: AnalyzedSite): AnalyzedSite {
  const { labels: _labels, ...rest } = site
  if (site.verdict === 'leak') return { site: rest, facts, unmended: rivalry(rival.facts, 'database') }
  return { facts, site: { ...rest, ...besideRival(facts, rival.facts, 'database') } }
}

function differ(one: Address, other: Address): boolean {
  return [...one].some(([name, first]) => {
    const second = other.get(name)
    if (second === undefined) return false
    if ('constant' in first) return 'constant' in second && first.constant !== second.constant
    return 'variables' in second && ![...first.variables].some((variable) => second.variables.has(variable))
  })
}

/** Of `new Pool('…')` and `new Pool({ connectionString: …, host: … })`. */
function addressOf(facts: SiteFacts, checker: ts.TypeChecker): Address | undefined {
  if (facts.acquire.dialect.id === serviceDialectId) return undefined
  const declaration = poolOf(facts, checker)
  const hasValue =
    declaration !== undefined &&
    (ts.isVariableDeclaration(declaration) || ts.isPropertyDeclaration(declaration))
  const made = hasValue && declaration.initializer ? unwrapExpression(declaration.initializer) : undefined
  const given = made !== undefined && ts.isNewExpression(made) ? made.arguments?.[0] : undefined
  if (given === undefined) return undefined
  const url = originOf(given)
  if (url !== undefined) return new Map([['connectionString', url]])
  if (!ts.isObjectLiteralExpression(given)) return undefined
  const said = given.properties.flatMap((property) => {
    const name = property.name?.getText()
    if (!ts.isPropertyAssignment(property) || name === undefined || !addressNames.has(name)) return []
    const origin = originOf(property.initializer)
    return origin === undefined ? [] : [[name, origin] as const]
  })
  return said.length === 0 ? undefined : new Map(said)
}

function originOf(value: ts.Expression): Origin | undefined {
  const bare = unwrapExpression(value)
  if (ts.isStringLiteralLike(bare) || ts.isNumericLiteral(bare)) return { constant: bare.text }
  const variables = [...bare.getText().matchAll(/\bprocess\.env(?:\.(\w+)|\[['"](\w+)['"]\])/g)]
  if (variables.length === 0 || ts.isObjectLiteralExpression(bare)) return undefined
  return { variables: new Set(variables.map(([, name, quoted]) => name ?? quoted ?? '')) }
}
