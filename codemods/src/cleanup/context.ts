import ts from 'typescript'
import type { Dialect } from '../model/dialect'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupPackage, CleanupWorkspace } from './load-workspace'
import type { Refusal, Step } from './step'
import type { WorkspaceTexts } from './workspace-texts'

/** What one round of a clean-up works on: one program over the texts as they are now. */
export class CleanupContext {
  readonly checker: ts.TypeChecker
  #byName: Map<string, ts.Identifier[]> | undefined
  readonly refusals: Refusal[] = []

  constructor(
    readonly program: ts.Program,
    readonly workspace: CleanupWorkspace,
    readonly texts: WorkspaceTexts,
    readonly dialects: readonly Dialect[],
    /** Names that the steps so far took out of a text: only these can have become unused. */
    readonly suspects: ReadonlySet<string>,
    /** Absolute paths of files with call sites that migrate would rewrite. */
    readonly unmigrated: ReadonlySet<string>,
    /** The workspace before the first step. */
    private readonly original?: CleanupContext,
  ) {
    this.checker = program.getTypeChecker()
  }

  /** The workspace as it was. */
  before(): CleanupContext {
    return this.original ?? this
  }

  /** Files of all packages. */
  files(): readonly ts.SourceFile[] {
    return this.texts.paths().flatMap((path) => this.program.getSourceFile(path) ?? [])
  }

  /** Files that may be changed. */
  editable(): readonly ts.SourceFile[] {
    return this.files().filter((file) => this.isEditable(file))
  }

  isEditable(file: ts.SourceFile): boolean {
    return this.packageOf(file)?.isSelected === true
  }

  packageOf(file: ts.SourceFile | string): CleanupPackage | undefined {
    const path = typeof file === 'string' ? file : file.fileName
    return [...this.workspace.packages]
      .sort((a, b) => b.directory.length - a.directory.length)
      .find(({ directory }) => path.startsWith(`${directory}/`))
  }

  /** What a name stands for, through imports and re-exports. */
  symbolOf(node: ts.Node): ts.Symbol | undefined {
    const { parent } = node
    const found =
      ts.isShorthandPropertyAssignment(parent) && parent.name === node
        ? this.checker.getShorthandAssignmentValueSymbol(parent)
        : ts.isExportSpecifier(parent)
          ? this.checker.getExportSpecifierLocalTargetSymbol(parent)
          : this.checker.getSymbolAtLocation(node)
    return found === undefined ? undefined : this.resolved(found)
  }

  resolved(symbol: ts.Symbol): ts.Symbol {
    return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : this.checker.getAliasedSymbol(symbol)
  }

  /** Every identifier of a spelling, in all files. */
  mentions(name: string): readonly ts.Identifier[] {
    return (this.#byName ??= this.#index()).get(name) ?? []
  }

  /**
   * Identifiers that stand for what `name` declares, other than `name` itself: uses, imports and re-exports alike. Names under
   * which somebody imports or destructures it are followed.
   */
  references(name: ts.Identifier): readonly ts.Identifier[] {
    const symbol = this.symbolOf(name)
    if (symbol === undefined) return []
    const spellings = new Set([name.text])
    const found: ts.Identifier[] = []
    for (const spelling of spellings) {
      for (const mention of this.mentions(spelling)) {
        if (mention === name || found.includes(mention)) continue
        const { parent } = mention
        const isRenamed =
          (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) && parent.propertyName !== undefined
        if (isRenamed && this.#targetOf(parent) === symbol) {
          spellings.add(parent.name.text)
          found.push(mention)
          continue
        }
        if (this.symbolOf(mention) === symbol || this.#exportedAs(mention) === symbol) found.push(mention)
      }
    }
    return found
  }

  #targetOf(specifier: ts.ImportSpecifier | ts.ExportSpecifier): ts.Symbol | undefined {
    const symbol = ts.isImportSpecifier(specifier)
      ? this.checker.getSymbolAtLocation(specifier.name)
      : this.checker.getExportSpecifierLocalTargetSymbol(specifier)
    return symbol === undefined ? undefined : this.resolved(symbol)
  }

  #exportedAs(mention: ts.Identifier): ts.Symbol | undefined {
    return ts.isExportSpecifier(mention.parent) ? this.#targetOf(mention.parent) : undefined
  }

  #index(): Map<string, ts.Identifier[]> {
    const index = new Map<string, ts.Identifier[]>()
    for (const file of this.files()) {
      walk(file, (node) => {
        if (!ts.isIdentifier(node)) return undefined
        const known = index.get(node.text)
        if (known === undefined) index.set(node.text, [node])
        else known.push(node)
        return undefined
      })
    }
    return index
  }
}

/** Imports and re-exports only pass a name on. */
export function isPassedOn(mention: ts.Identifier): boolean {
  const { parent } = mention
  return (
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent) ||
    ts.isImportClause(parent) ||
    ts.isNamespaceImport(parent)
  )
}

/** One way to find things to take away; called until it finds none. */
export type Pass = (context: CleanupContext) => readonly Step[]
