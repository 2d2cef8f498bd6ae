import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPure, removeElement, removeElements, removeLines } from './removal'
import type { FileEdit, Step } from './step'

/** Imports, and names declared in one file for this file alone, whose every use earlier steps took away. */
export function removeUnusedNames(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file) => {
    const steps = unusedImports(file, context)
    return steps.length > 0 || !context.texts.isChanged(file.fileName) ? steps : unusedLocals(file, context)
  })
}

function unusedImports(file: ts.SourceFile, context: CleanupContext): Step[] {
  return file.statements.filter(ts.isImportDeclaration).flatMap((declaration): Step[] => {
    const names = importedNames(declaration)
    const isChanged = context.texts.isChanged(file.fileName)
    const gone = names.filter(
      (name) =>
        ((isChanged && context.suspects.has(name.text)) || isOfFerry(name, context)) &&
        !isMentioned(name, file, context),
    )
    if (gone.length === 0) return []
    const what = gone.map((name) => name.text).join(', ')
    const edits = gone.length === names.length ? [removeImport(declaration)] : removeNames(declaration, gone)
    return [{ kind: 'import', what, path: file.fileName, start: declaration.getStart(), edits }]
  })
}

/** What a wiring file takes from the ferry: an import that somebody forgot must not hold the ferry. */
function isOfFerry(name: ts.Identifier, context: CleanupContext): boolean {
  const declaration = context.symbolOf(name)?.valueDeclaration
  const holder =
    declaration === undefined ? undefined : ts.findAncestor(declaration, ts.isVariableDeclaration)
  const initializer = holder?.initializer?.getText() ?? ''
  return (
    /\.component\(|^createFerry\(/.test(initializer) &&
    holder?.getSourceFile().text.includes('pgferry/legacy') === true
  )
}

function importedNames({ importClause }: ts.ImportDeclaration): readonly ts.Identifier[] {
  if (importClause === undefined) return []
  const { name, namedBindings } = importClause
  const others =
    namedBindings === undefined
      ? []
      : ts.isNamespaceImport(namedBindings)
        ? [namedBindings.name]
        : namedBindings.elements.map((element) => element.name)
  return [...(name === undefined ? [] : [name]), ...others]
}

/** What stands above the first import speaks of the file. */
export function removeImport(declaration: ts.ImportDeclaration): FileEdit {
  return removeLines(declaration, { keepComment: true })
}

function removeNames(declaration: ts.ImportDeclaration, gone: readonly ts.Identifier[]): FileEdit[] {
  const clause = declaration.importClause
  const bindings = clause?.namedBindings
  const edits: FileEdit[] = []
  const path = declaration.getSourceFile().fileName
  if (bindings !== undefined && ts.isNamedImports(bindings)) {
    const elements = [...bindings.elements]
    const going = elements.filter((element) => gone.includes(element.name))
    if (going.length === elements.length && clause?.name !== undefined) {
      edits.push({ path, start: clause.name.end, end: bindings.end, text: '' })
    } else {
      edits.push(...removeElements(going, elements))
    }
  } else if (bindings !== undefined && clause?.name !== undefined && gone.includes(bindings.name)) {
    edits.push({ path, start: clause.name.end, end: bindings.end, text: '' })
  }
  if (clause?.name !== undefined && bindings !== undefined && gone.includes(clause.name)) {
    edits.push({ path, start: clause.name.getStart(), end: bindings.getStart(), text: '' })
  }
  return edits
}

function unusedLocals(file: ts.SourceFile, context: CleanupContext): Step[] {
  const steps: Step[] = []
  const add = (node: ts.Node, name: ts.Identifier, edits: readonly FileEdit[]): void => {
    steps.push({ kind: 'declaration', what: name.text, path: file.fileName, start: node.getStart(), edits })
  }
  const isUnused = (name: ts.Identifier): boolean =>
    context.suspects.has(name.text) && !isMentioned(name, file, context)
  walk(file, (node) => {
    if (isPlainDeclaration(node)) {
      if (node.name !== undefined && !isExported(node) && isUnused(node.name) && !hasEffect(node)) {
        add(node, node.name, [removeLines(node)])
        return false
      }
    } else if (ts.isVariableDeclaration(node) && ts.isVariableDeclarationList(node.parent)) {
      const statement = node.parent.parent
      if (!ts.isVariableStatement(statement) || isExported(statement)) return undefined
      const isQuiet = node.initializer === undefined || isPure(node.initializer)
      if (ts.isIdentifier(node.name)) {
        if (isQuiet && isUnused(node.name)) add(node, node.name, [removeDeclaration(node, statement)])
        return undefined
      }
      const { elements } = node.name
      const gone = [...elements].filter(ts.isBindingElement).flatMap((element) => {
        const { name } = element
        return ts.isIdentifier(name) && isUnused(name) ? [{ element, name }] : []
      })
      const [first] = gone
      if (first === undefined) return undefined
      const going = gone.map(({ element }) => element)
      // What is left of a rest pattern would hold the names that go.
      const hasRest = elements.some((one) => ts.isBindingElement(one) && one.dotDotDotToken !== undefined)
      if (going.length === elements.length && isQuiet)
        add(node, first.name, [removeDeclaration(node, statement)])
      else if (ts.isObjectBindingPattern(node.name) && !hasRest)
        add(node, first.name, removeElements(going, elements))
    }
    return undefined
  })
  return steps
}

type PlainDeclaration =
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.InterfaceDeclaration
  | ts.TypeAliasDeclaration
  | ts.EnumDeclaration

export function isPlainDeclaration(node: ts.Node): node is PlainDeclaration {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node)
  )
}

/** Whether declaring it does something: decorators, static blocks, computed names. */
export function hasEffect(node: ts.Node): boolean {
  if (!ts.isClassDeclaration(node)) return false
  return (
    (ts.canHaveDecorators(node) && (ts.getDecorators(node)?.length ?? 0) > 0) ||
    node.members.some(
      (member) =>
        ts.isClassStaticBlockDeclaration(member) ||
        (member.name !== undefined &&
          ts.isComputedPropertyName(member.name) &&
          !isPure(member.name.expression)) ||
        (ts.isPropertyDeclaration(member) &&
          member.modifiers?.some((one) => one.kind === ts.SyntaxKind.StaticKeyword) === true &&
          member.initializer !== undefined &&
          !isPure(member.initializer)),
    )
  )
}

export function isExported(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword) === true
  )
}

/** One declaration out of its statement, or the statement. */
export function removeDeclaration(
  declaration: ts.VariableDeclaration,
  statement: ts.VariableStatement,
): FileEdit {
  const { declarations } = statement.declarationList
  return declarations.length === 1 ? removeLines(statement) : removeElement(declaration, declarations)
}

/** Whether a name of this file is used in it, beyond its declaration. In JavaScript a type may stand in a comment. */
export function isMentioned(name: ts.Identifier, file: ts.SourceFile, context: CleanupContext): boolean {
  const { checker } = context
  const symbol = checker.getSymbolAtLocation(name)
  const isUse = context.mentions(name.text).some((mention) => {
    if (mention === name || mention.getSourceFile() !== file || isInside(mention, name)) return false
    const { parent } = mention
    if (ts.isShorthandPropertyAssignment(parent) && parent.name === mention)
      return checker.getShorthandAssignmentValueSymbol(parent) === symbol
    if (ts.isExportSpecifier(parent)) return checker.getExportSpecifierLocalTargetSymbol(parent) === symbol
    return checker.getSymbolAtLocation(mention) === symbol
  })
  return isUse || isDocumented(name.text, file)
}

/** A function that only calls itself, a type that only names itself, is not used. */
function isInside(mention: ts.Identifier, name: ts.Identifier): boolean {
  const { parent } = name
  if (!isPlainDeclaration(parent)) return false
  return parent.pos <= mention.pos && mention.end <= parent.end
}

function isDocumented(name: string, file: ts.SourceFile): boolean {
  if (!/\.[cm]?jsx?$/.test(file.fileName)) return false
  return new RegExp(`/\\*\\*(?:(?!\\*/)[^])*\\b${name.replaceAll('$', '\\$')}\\b(?:(?!\\*/)[^])*\\*/`).test(
    file.text,
  )
}
