import { dirname, relative, resolve } from 'node:path'
import ts from 'typescript'
import type { ConnectionsReference } from '../../model/target'
import { receiverText } from '../syntax/syntax'

type ImportReference = Extract<ConnectionsReference, { kind: 'import' }>

/** The module specifier under which a file of the package imports the service. */
export function connectionsSpecifier(
  reference: ImportReference,
  packagePath: string,
  filePath: string,
): string {
  if (!reference.from.startsWith('.')) return reference.from
  const path = relative(dirname(filePath), resolve(packagePath, reference.from)).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}

/** Whether the file is the very module that declares the service. */
export function isConnectionsModule(
  reference: ImportReference,
  packagePath: string,
  filePath: string,
): boolean {
  if (!reference.from.startsWith('.')) return false
  return bareModule(resolve(packagePath, reference.from)) === bareModule(filePath)
}

/** A path or relative specifier as one name for the module, however its imports spell the extension. */
export function bareModule(path: string): string {
  return path.replace(/\.[cm]?[jt]sx?$/, '').replace(/\/index$/, '')
}

/** Whether an import by `specifier` leads to the module of the service. */
export function isConnectionsSpecifier(
  specifier: string,
  reference: ImportReference,
  packagePath: string,
  filePath: string,
): boolean {
  const expected = connectionsSpecifier(reference, packagePath, filePath)
  if (!expected.startsWith('.')) return specifier === expected
  return bareModule(specifier) === bareModule(expected)
}

/** Whether an expression is the configured service: the import by that name from that module, or the expression as written. */
export function isConnections(
  expression: ts.Expression,
  reference: ConnectionsReference,
  packagePath: string,
  checker: ts.TypeChecker,
): boolean {
  if (reference.preferred?.includes(receiverText(expression)) === true) return true
  if (reference.kind === 'expression') return receiverText(expression) === reference.expression
  if (!ts.isIdentifier(expression) || expression.text !== reference.name) return false
  const { fileName } = expression.getSourceFile()
  const declaration = checker.getSymbolAtLocation(expression)?.declarations?.[0]
  if (declaration === undefined) return false
  const isRenamed =
    (ts.isImportSpecifier(declaration) || ts.isBindingElement(declaration)) &&
    declaration.propertyName !== undefined &&
    declaration.propertyName.getText() !== reference.name
  if (isRenamed || ts.isImportClause(declaration) || ts.isNamespaceImport(declaration)) return false
  const specifier = moduleOf(declaration)
  if (specifier === undefined)
    return (
      isConnectionsModule(reference, packagePath, fileName) &&
      ts.isSourceFile(declaration.parent.parent.parent)
    )
  return isConnectionsSpecifier(specifier, reference, packagePath, fileName)
}

function moduleOf(declaration: ts.Node): string | undefined {
  const imported = ts.findAncestor(declaration, ts.isImportDeclaration)?.moduleSpecifier
  if (imported !== undefined && ts.isStringLiteral(imported)) return imported.text
  const variable = ts.findAncestor(declaration, ts.isVariableDeclaration)
  const call = variable?.initializer
  if (call === undefined || !ts.isCallExpression(call) || call.expression.getText() !== 'require')
    return undefined
  const [specifier] = call.arguments
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined
}
