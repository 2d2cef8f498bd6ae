import ts from 'typescript'
import type { FunctionLike } from '../syntax/syntax'
import type { ParsedPackage } from './parse-package'

/** Which methods of a package are overridden in it. */
export class Overrides {
  private subclasses: ReadonlyMap<string, readonly ts.ClassLikeDeclaration[]> | undefined

  constructor(private readonly parsed: Pick<ParsedPackage, 'sourceFiles'>) {}

  /** The members of that name in classes that extend the method's own: which of them runs is not known. */
  of(method: FunctionLike): readonly ts.ClassElement[] {
    const owner = ts.isPropertyDeclaration(method.parent) ? method.parent.parent : method.parent
    const name = ts.isPropertyDeclaration(method.parent) ? method.parent.name : method.name
    if (!ts.isClassLike(owner) || name === undefined || ts.isPrivateIdentifier(name)) return []
    this.subclasses ??= subclassesIn(this.parsed.sourceFiles())
    const pending = [...(this.subclasses.get(owner.name?.text ?? '') ?? [])]
    const seen = new Set<ts.ClassLikeDeclaration>()
    const found: ts.ClassElement[] = []
    for (let subclass = pending.pop(); subclass !== undefined; subclass = pending.pop()) {
      if (subclass === owner || seen.has(subclass)) continue
      seen.add(subclass)
      const member = subclass.members.find((one) => one.name?.getText() === name.getText())
      if (member !== undefined) found.push(member)
      pending.push(...(this.subclasses.get(subclass.name?.text ?? '') ?? []))
    }
    return found
  }
}

/** The class that a class extends. */
export function heritageOf(declaration: ts.ClassLikeDeclaration | undefined): ts.Expression | undefined {
  return declaration?.heritageClauses?.find((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword)
    ?.types[0]?.expression
}

/** Classes by the name of the class that they extend. */
function subclassesIn(
  files: readonly ts.SourceFile[],
): ReadonlyMap<string, readonly ts.ClassLikeDeclaration[]> {
  const found = new Map<string, ts.ClassLikeDeclaration[]>()
  for (const statement of files.flatMap((file) => file.statements)) {
    const base = ts.isClassDeclaration(statement) ? heritageOf(statement) : undefined
    if (!ts.isClassDeclaration(statement) || base === undefined) continue
    const name = ts.isPropertyAccessExpression(base) ? base.name.text : base.getText()
    found.set(name, [...(found.get(name) ?? []), statement])
  }
  return found
}
