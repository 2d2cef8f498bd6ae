import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isLegacyClass } from './legacy-layer'
import { removeLines } from './removal'
import type { FileEdit, Step } from './step'

/** Methods through which a class that stays used to hand out connections, when nobody calls them any more. */
export function removeLegacyMethods(context: CleanupContext): readonly Step[] {
  const names = dialectNames(context)
  return context.editable().flatMap((file) => {
    const steps: Step[] = []
    walk(file, (node) => {
      if (!ts.isClassDeclaration(node) || !isLegacyClass(node, context)) return undefined
      const gone = node.members.filter(
        ({ name }) => name !== undefined && ts.isIdentifier(name) && names.has(name.text),
      )
      // As long as one of them is called the others are its counterparts.
      if (!gone.every(({ name }) => isUncalled(name?.getText() ?? '', context))) return undefined
      const [first] = gone
      const others = node.members.filter((member) => !gone.includes(member) && ts.isMethodDeclaration(member))
      // A class that is nothing but a way to connections goes as a whole, or stays as a whole.
      if (first === undefined || others.length === 0) return undefined
      const what = [...new Set(gone.map((member) => member.name?.getText() ?? ''))].join(', ')
      const edits: readonly FileEdit[] = [
        ...gone.map((member) => removeLines(member)),
        ...signatures(what.split(', '), context),
      ]
      steps.push({ kind: 'legacy-method', what, path: file.fileName, start: first.getStart(), edits })
      return undefined
    })
    return steps
  })
}

/** Names that only a connection layer has: those that a dialect asks of a receiver. */
function dialectNames(context: CleanupContext): ReadonlySet<string> {
  return new Set(context.dialects.flatMap(({ receiver }) => receiver.members ?? []))
}

/** Nobody names it but classes and interfaces that declare it. */
function isUncalled(name: string, context: CleanupContext): boolean {
  const isNamed = context
    .mentions(name)
    .some(({ parent }) => !ts.isClassElement(parent) && !ts.isTypeElement(parent))
  return !isNamed && !context.files().some((file) => new RegExp(`['"\`]${name}['"\`]`).test(file.text))
}

/** The same methods in the interfaces of the workspace. */
function signatures(names: readonly string[], context: CleanupContext): readonly FileEdit[] {
  return context
    .editable()
    .flatMap((file) =>
      file.statements
        .filter(ts.isInterfaceDeclaration)
        .flatMap(({ members }) =>
          members
            .filter((member) => member.name !== undefined && names.includes(member.name.getText()))
            .map((member) => removeLines(member)),
        ),
    )
}
