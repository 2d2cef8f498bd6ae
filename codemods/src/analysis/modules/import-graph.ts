import ts from 'typescript'
import type { ParsedPackage } from './parse-package'

const maxDepth = 8

/** Follows imports and re-exports file by file, and notes the files that would have to be parsed to get further. */
export class ImportGraph {
  private wanted = new Set<string>()
  /** Each file is asked for once: a name that is not there then is nowhere. */
  private readonly asked = new Set<string>()

  constructor(private readonly parsed: ParsedPackage) {}

  takeWanted(): ReadonlySet<string> {
    const { wanted } = this
    this.wanted = new Set()
    return wanted
  }

  /** Also a file that is parsed already: its importer may have been parsed before it, and does not lead there yet. */
  private want(path: string): void {
    if (this.asked.has(path)) return
    this.asked.add(path)
    this.wanted.add(path)
  }

  /** `member`: of a namespace or a default export, what is looked for in it. */
  wantAlias(symbol: ts.Symbol, member?: string): void {
    for (const declaration of symbol.declarations ?? []) this.wantImport(declaration, member, 0)
  }

  /** The file of the package behind `require('./helpers')`. */
  requiredModule(expression: ts.Expression): string | undefined {
    if (!ts.isCallExpression(expression) || expression.expression.getText() !== 'require') return undefined
    const [specifier] = expression.arguments
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return undefined
    return this.fileOf(specifier.text, expression.getSourceFile().fileName)
  }

  /** What a parsed file exports under a name; a file that is not parsed is wanted. */
  exported(path: string, name: string): ts.Symbol | undefined {
    const file = this.parsed.sourceFile(path)
    if (file === undefined) {
      this.want(path)
      return undefined
    }
    const { checker } = this.parsed
    const symbol = checker.getSymbolAtLocation(file)
    return symbol && checker.getExportsOfModule(symbol).find((one) => one.name === name)
  }

  private fileOf(specifier: string, fromFile: string): string | undefined {
    return this.parsed.resolve(specifier, fromFile) ?? this.parsed.resolveForeign(specifier, fromFile)
  }

  private wantImport(declaration: ts.Node, member: string | undefined, depth: number): void {
    const home = ts.findAncestor(
      declaration,
      (one): one is ts.ImportDeclaration | ts.ExportDeclaration =>
        ts.isImportDeclaration(one) || ts.isExportDeclaration(one),
    )
    const specifier = home?.moduleSpecifier
    const fromFile = declaration.getSourceFile().fileName
    if (specifier === undefined || !ts.isStringLiteral(specifier)) {
      const required = ts.findAncestor(declaration, ts.isVariableDeclaration)?.initializer
      const path = required === undefined ? undefined : this.requiredModule(required)
      if (path !== undefined) this.want(path)
      // export { commit }, of a name that is imported above
      else if (ts.isExportSpecifier(declaration)) this.wantLocal(declaration, member, depth)
      return
    }
    const path = this.fileOf(specifier.text, fromFile)
    if (path === undefined) return
    if (ts.isImportSpecifier(declaration) || ts.isExportSpecifier(declaration))
      this.wantExport(path, (declaration.propertyName ?? declaration.name).text, depth + 1)
    else if (ts.isNamespaceImport(declaration) && member !== undefined)
      this.wantExport(path, member, depth + 1)
    else this.wantExport(path, 'default', depth + 1)
  }

  private wantLocal(specifier: ts.ExportSpecifier, member: string | undefined, depth: number): void {
    const local = this.parsed.checker.getExportSpecifierLocalTargetSymbol(specifier)
    if (depth > maxDepth) return
    for (const declaration of local?.declarations ?? [])
      if (declaration !== specifier) this.wantImport(declaration, member, depth + 1)
  }

  private wantExport(path: string, name: string, depth: number): void {
    this.want(path)
    const file = this.parsed.sourceFile(path)
    if (file === undefined || depth > maxDepth) return
    for (const statement of file.statements) {
      if (!ts.isExportDeclaration(statement)) continue
      const { exportClause, moduleSpecifier } = statement
      if (exportClause !== undefined && ts.isNamedExports(exportClause)) {
        const found = exportClause.elements.find((element) => element.name.text === name)
        if (found !== undefined) this.wantImport(found, undefined, depth + 1)
      } else if (moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier)) {
        const next = this.fileOf(moduleSpecifier.text, path)
        if (next !== undefined) this.wantExport(next, name, depth + 1)
      }
    }
  }
}
