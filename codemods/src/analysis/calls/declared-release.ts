import ts from 'typescript'
import type { Dialect, ReleasingFunction } from '../../model/dialect'
import type { Slot } from '../connection/call-slots'
import { unwrapExpression } from '../syntax/syntax'

/** The rule of a configuration that says of a call that it releases what it is given. */
export function declaredRelease(
  { call, index, property }: Slot,
  { releasing = [] }: Dialect,
  checker: ts.TypeChecker,
): ReleasingFunction | undefined {
  if (releasing.length === 0 || property !== undefined) return undefined
  const called = importedName(call.expression, checker)
  return (
    called &&
    releasing.find(
      ({ module, names, connectionArgument = 0 }) =>
        module === called.module && names.includes(called.name) && connectionArgument === index,
    )
  )
}

/** The module that a function comes from, and its name there. */
function importedName(
  callee: ts.Expression,
  checker: ts.TypeChecker,
): { readonly module: string; readonly name: string } | undefined {
  const bare = unwrapExpression(callee)
  const owner = ts.isPropertyAccessExpression(bare) ? unwrapExpression(bare.expression) : bare
  if (!ts.isIdentifier(owner)) return undefined
  const [declaration, ...others] = checker.getSymbolAtLocation(owner)?.declarations ?? []
  if (declaration === undefined || others.length > 0) return undefined
  const member = ts.isPropertyAccessExpression(bare) ? bare.name.text : undefined
  const module = moduleOf(declaration)
  if (module === undefined) return undefined
  const isNamed = ts.isImportSpecifier(declaration) || ts.isBindingElement(declaration)
  if (!isNamed) return member === undefined ? undefined : { module, name: member }
  const name = (declaration.propertyName ?? declaration.name).getText()
  return member === undefined ? { module, name } : undefined
}

/** `import … from 'module'`, `… = require('module')` */
function moduleOf(declaration: ts.Declaration): string | undefined {
  const imported = ts.findAncestor(declaration, ts.isImportDeclaration)?.moduleSpecifier
  if (imported !== undefined) return ts.isStringLiteral(imported) ? imported.text : undefined
  const value = ts.findAncestor(declaration, ts.isVariableDeclaration)?.initializer
  const required = value && unwrapExpression(value)
  if (required === undefined || !ts.isCallExpression(required) || required.expression.getText() !== 'require')
    return undefined
  const [specifier] = required.arguments
  return specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : undefined
}
