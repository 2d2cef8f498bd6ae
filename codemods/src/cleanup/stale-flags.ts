import ts from 'typescript'
import { methodOf, positionOf, unwrapExpression, walk } from '../analysis/syntax/syntax'
import type { StaleFlag } from '../model/stale-flag'
import type { FlagRule } from '../project/define-config'
import { matchesPattern, sameText } from './flag-roots'

/**
 * Checks of flags in one file, as far as they are written out in it: what is asked by a name from elsewhere is found by a clean-up,
 * which reads everything.
 */
export function staleFlagsIn(file: string, text: string, rules: readonly FlagRule[]): readonly StaleFlag[] {
  const asked = rules.filter((rule) => text.includes(literalPart(rule)))
  if (asked.length === 0) return []
  const found: StaleFlag[] = []
  const sourceFile = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true)
  walk(sourceFile, (node) => {
    const flag = asked.map((rule) => flagOf(node, rule)).find((name) => name !== undefined)
    if (flag === undefined) return undefined
    found.push({ file, ...positionOf(node), flag })
    return false
  })
  return found
}

/** What stands in every text that a rule can match. */
function literalPart(rule: FlagRule): string {
  if ('call' in rule) return rule.call
  if ('env' in rule) return rule.env.split('*')[0] ?? ''
  return rule.expression.split(/\W/)[0] ?? ''
}

function flagOf(node: ts.Node, rule: FlagRule): string | undefined {
  if ('call' in rule) {
    if (!ts.isCallExpression(node)) return undefined
    const callee = unwrapExpression(node.expression)
    const name = ts.isIdentifier(callee) ? callee.text : methodOf(node)?.method
    const [first] = node.arguments
    return name === rule.call && first !== undefined && ts.isStringLiteralLike(first)
      ? matching(first.text, rule.argument)
      : undefined
  }
  if ('env' in rule) return matching(variableOf(node), rule.env)
  return ts.isExpression(node) && sameText(node, rule.expression) ? rule.expression : undefined
}

/** `process.env.NAME`, `process.env['NAME']`, `const { NAME } = process.env` */
function variableOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return isEnvironment(node.expression) ? node.name.text : undefined
  if (ts.isElementAccessExpression(node)) {
    const { expression, argumentExpression } = node
    return isEnvironment(expression) && ts.isStringLiteralLike(argumentExpression)
      ? argumentExpression.text
      : undefined
  }
  if (!ts.isBindingElement(node) || !ts.isVariableDeclaration(node.parent.parent)) return undefined
  const { initializer } = node.parent.parent
  return initializer !== undefined && isEnvironment(initializer)
    ? (node.propertyName ?? node.name).getText()
    : undefined
}

function isEnvironment(expression: ts.Expression): boolean {
  return sameText(unwrapExpression(expression), 'process.env')
}

function matching(name: string | undefined, pattern: string): string | undefined {
  return name !== undefined && matchesPattern(name, pattern) ? name : undefined
}
