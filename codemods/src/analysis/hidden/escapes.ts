import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import { placeOf } from '../judge/crossing'
import { describePlace } from '../calls/kept-place'
import type { AnalyzedSite } from '../judge/package-analysis'
import { enclosingFunction, nameOfFunction } from '../syntax/syntax'

/** One sentence about where a connection goes; undefined when it stays in its function. */
export function escapeSummary({ site, facts }: AnalyzedSite): string | undefined {
  const { reason } = site
  if (reason === undefined || !escapes.has(reason)) return undefined
  const name = ts.isSourceFile(facts.scope) ? 'the module' : nameOfFunction(facts.scope)
  switch (reason) {
    case 'escapes-to-return':
      return `The connection is returned by ${name}: its callers have to give it back.`
    case 'escapes-to-callee':
      return `The connection that ${name} takes is handed to a function that may keep or release it.`
    case 'release-in-helper':
      return `The connection that ${name} takes is given back by another function.`
    default: {
      const place = placeOf(facts, site)
      if (place === undefined)
        return reason === 'escapes-to-closure'
          ? `A function that outlives ${name} keeps the connection.`
          : `An object or a collection keeps the connection that ${name} takes.`
      return `The connection that ${name} takes stays in ${describePlace(place)} after its end.`
    }
  }
}

const escapes: ReadonlySet<ReasonCode> = new Set([
  'escapes-to-return',
  'escapes-to-field',
  'escapes-to-container',
  'escapes-to-module',
  'escapes-to-closure',
  'escapes-to-callee',
  'release-in-helper',
])

/** Whether the connection ends up in a variable of a module, or in an object or collection that is one. */
export function isModuleState({ site, facts }: AnalyzedSite): boolean {
  if (site.reason === 'escapes-to-module') return true
  const { binding } = facts
  const isTopLevel = ts.isSourceFile(facts.scope)
  if (isTopLevel && facts.releases.length === 0 && facts.usingDeclaration === undefined)
    return binding.kind === 'declared' || binding.kind === 'assigned'
  const place = placeOf(facts, site)
  if (place === undefined || place.kind === 'field') return false
  const expression =
    place.kind === 'variable' ? place.name : place.kind === 'property' ? place.access : place.expression
  return isDeclaredByModule(expression)
}

function isDeclaredByModule(expression: ts.Expression): boolean {
  let root: ts.Expression = expression
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root)) root = root.expression
  if (!ts.isIdentifier(root)) return false
  const { text } = root
  if (text === 'globalThis' || text === 'global') return true
  return root
    .getSourceFile()
    .statements.some(
      (statement) =>
        ts.isVariableStatement(statement) &&
        statement.declarationList.declarations.some(
          (one) => ts.isIdentifier(one.name) && one.name.text === text && !isShadowed(root, text),
        ),
    )
}

function isShadowed(node: ts.Node, name: string): boolean {
  for (let home = enclosingFunction(node); !ts.isSourceFile(home); home = enclosingFunction(home))
    if (home.parameters.some((parameter) => parameter.name.getText() === name)) return true
  return false
}
