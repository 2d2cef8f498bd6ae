import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ts from 'typescript'
import type { PackageSources } from '../model/source'
import { readCompilerOptions } from './read-tsconfig'
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

/**
 * Says how each file must write `from`: an ES module that Node resolves needs the extension that the compiled module will
 * have. Anything else stays as the configuration says.
 */
export function createSpecifiers(
  from: string,
  { path, tsconfigPath }: PackageSources,
): (file: string) => string {
  const stem = resolve(path, from)
  const found = /^\.\.?\//.test(from) && !/\.[cm]?[jt]sx?$/.test(from) ? findModule(stem) : undefined
  if (found === undefined || found.endsWith('.d.ts')) return () => from
  const compiled = from + found.slice(stem.length).replace(/\.([cm]?)[jt]sx?$/, '.$1js')
  const byNode = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }
  const declared = tsconfigPath === undefined ? byNode : readCompilerOptions(tsconfigPath)
  return (file) => {
    const options = /\.[cm]?jsx?$/.test(file) ? byNode : declared
    const format = ts.getImpliedNodeFormatForFile(file, undefined, ts.sys, options)
    return format === ts.ModuleKind.ESNext ? compiled : from
  }
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
