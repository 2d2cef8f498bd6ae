import ts from 'typescript'
import { unwrapExpression } from '../syntax/syntax'

const maxSteps = 12

/**
 * The module outside this code that a value comes from, as its import names it: `redis` for a `client` that was made by
 * `createClient()` of `redis`. Undefined when it comes from several places, from here, or by ways that are not followed.
 */
export function originModule(expression: ts.Expression, checker: ts.TypeChecker): string | undefined {
  return ofExpression(expression, checker, maxSteps)
}

function ofExpression(expression: ts.Expression, checker: ts.TypeChecker, steps: number): string | undefined {
  const bare = unwrapExpression(expression)
  if (steps === 0) return undefined
  const next = steps - 1
  if (ts.isAwaitExpression(bare) || ts.isNewExpression(bare))
    return ofExpression(bare.expression, checker, next)
  if (ts.isCallExpression(bare)) return requiredModule(bare) ?? ofExpression(bare.expression, checker, next)
  if (ts.isIdentifier(bare)) return ofSymbol(checker.getSymbolAtLocation(bare), checker, next)
  if (!ts.isPropertyAccessExpression(bare)) return undefined
  const member = checker.getSymbolAtLocation(bare.name)
  return member === undefined ? ofExpression(bare.expression, checker, next) : ofSymbol(member, checker, next)
}

function requiredModule({ expression, arguments: [specifier] }: ts.CallExpression): string | undefined {
  const isRequire = ts.isIdentifier(expression) && expression.text === 'require'
  return isRequire && specifier !== undefined && ts.isStringLiteralLike(specifier)
    ? specifier.text
    : undefined
}

function ofSymbol(symbol: ts.Symbol | undefined, checker: ts.TypeChecker, steps: number): string | undefined {
  const [declaration, ...others] = symbol?.declarations ?? []
  if (declaration === undefined || others.length > 0 || steps === 0) return undefined
  const imported = ts.findAncestor(declaration, ts.isImportDeclaration)
  if (imported !== undefined && ts.isStringLiteral(imported.moduleSpecifier))
    return imported.moduleSpecifier.text
  if (ts.isBindingElement(declaration)) {
    const pattern = ts.findAncestor(declaration, ts.isVariableDeclaration)
    return pattern?.initializer && ofExpression(pattern.initializer, checker, steps - 1)
  }
  if (
    !ts.isVariableDeclaration(declaration) &&
    !ts.isPropertyDeclaration(declaration) &&
    !ts.isParameter(declaration)
  )
    return undefined
  if (declaration.type !== undefined) return ofType(declaration.type, checker, steps - 1)
  const isFixed =
    !ts.isVariableDeclaration(declaration) || (declaration.parent.flags & ts.NodeFlags.Const) !== 0
  return isFixed && declaration.initializer !== undefined
    ? ofExpression(declaration.initializer, checker, steps - 1)
    : undefined
}

function ofType(type: ts.TypeNode, checker: ts.TypeChecker, steps: number): string | undefined {
  if (!ts.isTypeReferenceNode(type) || type.typeArguments !== undefined) return undefined
  let name = type.typeName
  while (ts.isQualifiedName(name)) name = name.left
  return ofSymbol(checker.getSymbolAtLocation(name), checker, steps)
}
