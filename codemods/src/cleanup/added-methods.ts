import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { importedFrom, legacyModule } from './ferries'
import { editOf, type Step } from './step'

const added: readonly string[] = ['getconn', 'putconn', 'closeall']

/** `addGetconn(manager)`, once nobody calls what it added: the manager alone. */
export function removeAddedMethods(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file) => {
    if (!file.text.includes('addGetconn')) return []
    const steps: Step[] = []
    walk(file, (node) => {
      if (!ts.isCallExpression(node)) return undefined
      const imported = importedFrom(node.expression, context)
      const [manager] = node.arguments
      if (imported?.module !== legacyModule || imported.name !== 'addGetconn' || manager === undefined)
        return undefined
      if (isCalled(node, context)) return undefined
      const edits = [editOf(node, manager.getText())]
      steps.push({
        kind: 'ferry-wiring',
        what: 'addGetconn',
        path: file.fileName,
        start: node.getStart(),
        edits,
      })
      return undefined
    })
    return steps
  })
}

/** Whether some code takes one of the added methods from a type that has them by this call. */
function isCalled(call: ts.CallExpression, context: CleanupContext): boolean {
  const type = context.checker.getTypeAtLocation(call)
  return added.some((name) => {
    const method = type.getProperty(name)
    return context
      .mentions(name)
      .some(
        (mention) => ts.isPropertyAccessExpression(mention.parent) && context.symbolOf(mention) === method,
      )
  })
}
