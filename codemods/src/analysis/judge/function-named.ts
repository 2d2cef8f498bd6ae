import ts from 'typescript'
import { isFunctionWithBody, methodOf, unwrapExpression, type FunctionLike } from '../syntax/syntax'

/** The function of the same file that `listen`, `this.listen` and `this.listen.bind(this)` stand for. */
export function functionNamed(expression: ts.Expression, checker: ts.TypeChecker): FunctionLike | undefined {
  const bare = unwrapExpression(expression)
  if (ts.isCallExpression(bare)) {
    // A second argument of bind would be the first of the function.
    const named = methodOf(bare)
    return named?.method === 'bind' && bare.arguments.length < 2
      ? functionNamed(named.receiver, checker)
      : undefined
  }
  const name = ts.isPropertyAccessExpression(bare) ? bare.name : bare
  const declaration = checker.getSymbolAtLocation(name)?.valueDeclaration
  if (declaration === undefined || declaration.getSourceFile() !== bare.getSourceFile()) return undefined
  if (ts.isMethodDeclaration(declaration)) return declaration.body === undefined ? undefined : declaration
  if (!ts.isPropertyDeclaration(declaration)) return functionOf(declaration)
  const value = declaration.initializer && unwrapExpression(declaration.initializer)
  return value !== undefined && isFunctionWithBody(value) ? value : undefined
}

/** The function that a declaration gives a name to, once and for all. */
export function functionOf(declaration: ts.Declaration): FunctionLike | undefined {
  if (ts.isFunctionDeclaration(declaration)) return declaration.body === undefined ? undefined : declaration
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) return undefined
  const isConstant = (declaration.parent.flags & ts.NodeFlags.Const) !== 0
  return isConstant && isFunctionWithBody(declaration.initializer) ? declaration.initializer : undefined
}

/** The name under which a function of the callback's own is called. */
export function nameOfHelper(inner: FunctionLike): ts.Node | undefined {
  if (ts.isFunctionDeclaration(inner)) return inner.name
  const { parent } = inner
  return ts.isVariableDeclaration(parent) && functionOf(parent) === inner ? parent.name : undefined
}
