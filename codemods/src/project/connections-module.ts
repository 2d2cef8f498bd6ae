import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ts } from 'ts-morph'
import type { WorkspacePackage } from './workspace'

/**
 * What is wrong with the module that rewritten code of this package would import: it is not there, or it does not export
 * the name. Undefined when it is right, or when only its own package knows.
 */
export function findConnectionsProblem(target: WorkspacePackage): string | undefined {
  const { connections } = target
  if (connections?.kind !== 'import' || !/^\.\.?\//.test(connections.from)) return undefined
  const option = `package "${target.name}", connections`
  const path = findModule(resolve(target.directory, connections.from))
  if (path === undefined) {
    return `${option}.from: received "${connections.from}", and there is no such module in ${target.directory}`
  }
  if (mayExport(path, connections.name)) return undefined
  return `${option}.import: received "${connections.name}", and ${connections.from} has no such export`
}

function findModule(stem: string): string | undefined {
  const extensions = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.d.ts']
  const bare = stem.replace(/\.[cm]?js$/, '')
  const candidates = [
    stem,
    ...extensions.flatMap((extension) => [bare + extension, `${stem}/index${extension}`]),
  ]
  return candidates.find((path) => /\.[cm]?[jt]sx?$/.test(path) && existsSync(path))
}

/** By syntax alone; whatever re-exports a whole module or is CommonJS may export anything. */
function mayExport(path: string, name: string): boolean {
  const text = readFileSync(path, 'utf8')
  if (/\b(module\.)?exports\b/.test(text)) return true
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  return statements.some((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause } = statement
      if (exportClause === undefined) return true
      return ts.isNamespaceExport(exportClause)
        ? exportClause.name.text === name
        : exportClause.elements.some((element) => element.name.text === name)
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
    return isExported && declaredNames(statement).includes(name)
  })
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap((declaration) => boundNames(declaration.name))
  }
  const isNamed = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
  return isNamed && statement.name !== undefined ? [statement.name.text] : []
}

function boundNames(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text]
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)))
}
