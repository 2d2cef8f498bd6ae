import ts from 'typescript'
import { isNullish as isNullishValue } from './connection-uses'
import { isAssignmentOperator, unwrapExpression } from '../syntax/syntax'

/** What is assigned to names and fields, file by file: each file is walked once. */
export class Assignments {
  private readonly byFile = new Map<ts.SourceFile, ReadonlyMap<string, readonly Assignment[]>>()

  /** What a variable is assigned in its own file; `undefined` and `null` do not count. */
  toVariable(name: ts.Identifier, checker: ts.TypeChecker): readonly ts.Expression[] {
    const symbol = checker.getSymbolAtLocation(name)
    if (symbol === undefined) return []
    return this.of(name.getSourceFile(), name.text)
      .filter(({ target }) => ts.isIdentifier(target) && checker.getSymbolAtLocation(target) === symbol)
      .map(({ value }) => value)
  }

  /** What the methods of a class assign to one of its fields. */
  toField(owner: ts.ClassLikeDeclaration, name: string): readonly ts.Expression[] {
    return this.of(owner.getSourceFile(), name)
      .filter(
        ({ target }) =>
          ts.isPropertyAccessExpression(target) &&
          target.expression.kind === ts.SyntaxKind.ThisKeyword &&
          ts.findAncestor(target, ts.isClassLike) === owner,
      )
      .map(({ value }) => value)
  }

  /** What a CommonJS module exports under a name, and as itself. */
  toExports(file: ts.SourceFile, name: string | undefined): readonly ts.Expression[] {
    return this.of(file, name ?? 'exports')
      .filter(({ target }) => isExportTarget(target, name))
      .map(({ value }) => value)
  }

  private of(file: ts.SourceFile, name: string): readonly Assignment[] {
    let known = this.byFile.get(file)
    if (known === undefined) {
      known = collect(file)
      this.byFile.set(file, known)
    }
    return known.get(name) ?? []
  }
}

interface Assignment {
  readonly target: ts.Expression
  readonly value: ts.Expression
}

function collect(file: ts.SourceFile): ReadonlyMap<string, readonly Assignment[]> {
  const found = new Map<string, Assignment[]>()
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && isAssignmentOperator(node.operatorToken.kind)) {
      const target = unwrapExpression(node.left)
      const name = ts.isIdentifier(target)
        ? target.text
        : ts.isPropertyAccessExpression(target)
          ? target.name.text
          : undefined
      if (name !== undefined && !isNullishValue(node.right)) {
        const list = found.get(name)
        if (list === undefined) found.set(name, [{ target, value: node.right }])
        else list.push({ target, value: node.right })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function isExportTarget(target: ts.Expression, name: string | undefined): boolean {
  if (!ts.isPropertyAccessExpression(target)) return false
  const text = target.getText()
  return name === undefined
    ? text === 'module.exports'
    : text === `exports.${name}` || text === `module.exports.${name}`
}
