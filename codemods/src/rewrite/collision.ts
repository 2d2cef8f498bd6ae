import ts from 'typescript'
import type { FileAnalysis } from '../analysis/analyze-package'
import {
  connectionsSpecifier,
  isConnectionsModule,
  isConnectionsSpecifier,
} from '../analysis/connection/connections-reference'
import { isFunctionWithBody } from '../analysis/syntax/syntax'
import type { RewriteTarget } from '../model/target'

/** Whether the service's name means something else where the call stands, or `this` is not the object that has it. */
export function collides(call: ts.CallExpression, analysis: FileAnalysis, target: RewriteTarget): boolean {
  const { connections } = target
  if (connections.kind === 'expression') return /^this\b/.test(connections.expression) && !hasOwnThis(call)
  const { checker, packagePath, source } = analysis
  const symbol = checker.resolveName(connections.name, call, ts.SymbolFlags.Value, false)
  const declaration = symbol?.declarations?.[0]
  if (declaration === undefined) return isTypeName(connections.name, analysis)
  if (isConnectionsModule(connections, packagePath, source.path)) return false
  const imported = ts.findAncestor(declaration, ts.isImportDeclaration)?.moduleSpecifier
  const specifier = connectionsSpecifier(connections, packagePath, source.path)
  if (imported !== undefined) {
    const isSame =
      ts.isStringLiteral(imported) &&
      isConnectionsSpecifier(imported.text, connections, packagePath, source.path)
    return !isSame || !isNamedImport(declaration, connections.name) || isTypeImport(declaration)
  }
  const variable = ts.findAncestor(declaration, ts.isVariableDeclaration)
  const isRequired =
    variable?.initializer?.getText().startsWith('require(') === true &&
    variable.initializer.getText().includes(specifier)
  return !isRequired || !ts.isBindingElement(declaration) || isRenamed(declaration, connections.name)
}

/** `import { connections }`: not another export under this name, the default one or all of them. */
function isNamedImport(declaration: ts.Node, name: string): boolean {
  return ts.isImportSpecifier(declaration) && !isRenamed(declaration, name)
}

function isRenamed(declaration: ts.ImportSpecifier | ts.BindingElement, name: string): boolean {
  return declaration.propertyName !== undefined && declaration.propertyName.getText() !== name
}

/** Inside a method, accessor, field or constructor of an object; a plain function has a `this` of its caller's. */
function hasOwnThis(call: ts.CallExpression): boolean {
  const owner = ts.findAncestor(
    call.parent,
    (node) =>
      ts.isSourceFile(node) ||
      ts.isPropertyDeclaration(node) ||
      (isFunctionWithBody(node) && !ts.isArrowFunction(node)),
  )
  if (owner === undefined || ts.isSourceFile(owner)) return false
  if (ts.isFunctionExpression(owner)) return ts.isPropertyAssignment(owner.parent)
  return !ts.isFunctionDeclaration(owner)
}

/** `import type { connections }` brings no value. */
function isTypeImport(declaration: ts.Node): boolean {
  return (
    ts.isImportSpecifier(declaration) &&
    (declaration.isTypeOnly || declaration.parent.parent.phaseModifier === ts.SyntaxKind.TypeKeyword)
  )
}

function isTypeName(name: string, { sourceFile }: FileAnalysis): boolean {
  return sourceFile.statements.some(
    (one) => (ts.isTypeAliasDeclaration(one) || ts.isInterfaceDeclaration(one)) && one.name.text === name,
  )
}
