import ts from 'typescript'
import { ImportGraph } from './import-graph'
import { heritageOf, Overrides } from './overrides'
import type { ParsedPackage } from './parse-package'
import type { FunctionLike } from '../syntax/syntax'
import { isFunctionWithBody, unwrapExpression } from '../syntax/syntax'

const maxDepth = 8

/**
 * Follows a callee to the function of the package that it stands for: names, imports and re-exports, default exports, methods of
 * `this`, of classes and of object literals, names taken out of an object. What lies in a file that was not parsed yet is put on a
 * list, so that the package is read as far as needed and no further.
 */
export class CalledFunctions {
  private readonly imports: ImportGraph
  private readonly known = new Map<ts.Expression, FunctionLike | undefined>()
  private checker: ts.TypeChecker
  private overrides: Overrides

  constructor(private readonly parsed: ParsedPackage) {
    this.imports = new ImportGraph(parsed)
    this.checker = parsed.checker
    this.overrides = new Overrides(parsed)
  }

  /** The files in which something was looked for that is not parsed yet; empties the list. */
  takeWanted(): ReadonlySet<string> {
    return this.imports.takeWanted()
  }

  /** Undefined when nothing in the package shows what is called. */
  of(callee: ts.Expression): FunctionLike | undefined {
    if (this.checker !== this.parsed.checker) {
      this.checker = this.parsed.checker
      this.known.clear()
      this.overrides = new Overrides(this.parsed)
    }
    if (this.known.has(callee)) return this.known.get(callee)
    const found = this.functionOfExpression(callee, 0)
    this.known.set(callee, found)
    return found
  }

  /** The function that a call or a `new` runs. */
  ofCall(call: ts.CallExpression | ts.NewExpression): FunctionLike | undefined {
    return this.of(call.expression)
  }

  /** Every function that a call may run: the method that is found, and those of subclasses that override it. */
  allOf(call: ts.CallExpression | ts.NewExpression): readonly FunctionLike[] {
    const found = this.ofCall(call)
    if (found !== undefined) return [found]
    const bare = unwrapExpression(call.expression)
    if (!ts.isPropertyAccessExpression(bare)) return []
    const method = this.functionOfSymbol(this.checker.getSymbolAtLocation(bare.name), 1)
    if (method === undefined) return []
    const members = this.overrides.of(method)
    const overriding = members.flatMap((member) => methodWith(member) ?? [])
    return overriding.length === members.length ? [method, ...overriding] : []
  }

  private functionOfExpression(expression: ts.Expression, depth: number): FunctionLike | undefined {
    if (depth > maxDepth) return undefined
    const bare = unwrapExpression(expression)
    const { kind } = bare
    if (kind === ts.SyntaxKind.SuperKeyword) return this.baseConstructor(bare, depth)
    if (isFunctionWithBody(bare)) return bare
    if (ts.isClassExpression(bare)) return constructorOf(bare)
    if (ts.isIdentifier(bare)) return this.functionOfSymbol(this.checker.getSymbolAtLocation(bare), depth + 1)
    if (ts.isPropertyAccessExpression(bare)) {
      const symbol = this.checker.getSymbolAtLocation(bare.name)
      if (symbol === undefined || isUnresolved(symbol, this.checker)) this.wantMember(bare)
      const found = this.functionOfSymbol(symbol, depth + 1)
      const { kind: ownerKind } = unwrapExpression(bare.expression)
      const isSuper = ownerKind === ts.SyntaxKind.SuperKeyword
      return found !== undefined && !isSuper && this.overrides.of(found).length > 0 ? undefined : found
    }
    if (ts.isElementAccessExpression(bare) && ts.isStringLiteralLike(bare.argumentExpression))
      return this.functionOfSymbol(this.checker.getSymbolAtLocation(bare.argumentExpression), depth + 1)
    return undefined
  }

  private functionOfSymbol(symbol: ts.Symbol | undefined, depth: number): FunctionLike | undefined {
    if (symbol === undefined || depth > maxDepth) return undefined
    if ((symbol.flags & ts.SymbolFlags.Alias) !== 0) {
      const target = this.checker.getAliasedSymbol(symbol)
      if (target.declarations !== undefined) return this.functionOfSymbol(target, depth + 1)
      this.imports.wantAlias(symbol)
      return undefined
    }
    for (const declaration of symbol.declarations ?? []) {
      const found = this.functionOfDeclaration(declaration, depth + 1)
      if (found !== undefined) return found
    }
    return undefined
  }

  private functionOfDeclaration(declaration: ts.Declaration, depth: number): FunctionLike | undefined {
    if (ts.isClassLike(declaration)) return constructorOf(declaration)
    if (isFunctionWithBody(declaration)) return declaration.body === undefined ? undefined : declaration
    if (ts.isShorthandPropertyAssignment(declaration))
      return this.functionOfSymbol(this.checker.getShorthandAssignmentValueSymbol(declaration), depth)
    if (ts.isBindingElement(declaration)) return this.functionOfBinding(declaration, depth)
    const value = valueOf(declaration)
    return value === undefined ? undefined : this.functionOfExpression(value, depth)
  }

  /** `const { commit } = helpers` */
  private functionOfBinding(element: ts.BindingElement, depth: number): FunctionLike | undefined {
    const name = element.propertyName ?? element.name
    const owner = element.parent.parent
    if (!ts.isObjectBindingPattern(element.parent) || !ts.isIdentifier(name)) return undefined
    if (!ts.isVariableDeclaration(owner) || owner.initializer === undefined) return undefined
    const required = this.imports.requiredModule(owner.initializer)
    if (required !== undefined)
      return this.functionOfSymbol(this.imports.exported(required, name.text), depth)
    const property = this.checker.getTypeAtLocation(owner.initializer).getProperty(name.text)
    const source = this.checker.getSymbolAtLocation(unwrapExpression(owner.initializer))
    if (property === undefined && source !== undefined) this.imports.wantAlias(source, name.text)
    return this.functionOfSymbol(property, depth)
  }

  private baseConstructor(node: ts.Node, depth: number): FunctionLike | undefined {
    const base = heritageOf(ts.findAncestor(node, ts.isClassLike))
    return base === undefined ? undefined : this.functionOfExpression(base, depth + 1)
  }

  /** What could not be seen of `owner.name` may be in a file that is not parsed: the module or the class of the owner. */
  private wantMember(access: ts.PropertyAccessExpression): void {
    const owner = unwrapExpression(access.expression)
    if (owner.kind === ts.SyntaxKind.ThisKeyword || owner.kind === ts.SyntaxKind.SuperKeyword) {
      this.wantHeritage(ts.findAncestor(access, ts.isClassLike), 0)
      return
    }
    const name = ts.isPropertyAccessExpression(owner) ? owner.name : owner
    const symbol = this.checker.getSymbolAtLocation(name)
    if (symbol === undefined) return
    if ((symbol.flags & ts.SymbolFlags.Alias) !== 0) this.imports.wantAlias(symbol, access.name.text)
    else for (const declaration of symbol.declarations ?? []) this.wantTypeOf(declaration)
  }

  private wantTypeOf(declaration: ts.Declaration): void {
    if (
      !ts.isVariableDeclaration(declaration) &&
      !ts.isParameter(declaration) &&
      !ts.isPropertyDeclaration(declaration)
    )
      return
    const { type, initializer } = declaration
    const made = initializer === undefined ? undefined : unwrapExpression(initializer)
    const named =
      type !== undefined && ts.isTypeReferenceNode(type)
        ? type.typeName
        : made !== undefined && ts.isNewExpression(made)
          ? made.expression
          : undefined
    if (named === undefined || !ts.isIdentifier(named)) return
    const symbol = this.checker.getSymbolAtLocation(named)
    if (symbol === undefined) return
    if ((symbol.flags & ts.SymbolFlags.Alias) === 0) {
      this.wantHeritage(symbol.declarations?.find(ts.isClassLike), 0)
      return
    }
    const target = this.checker.getAliasedSymbol(symbol)
    if (target.declarations === undefined) this.imports.wantAlias(symbol)
    else this.wantHeritage(target.declarations.find(ts.isClassLike), 0)
  }

  private wantHeritage(declaration: ts.ClassLikeDeclaration | undefined, depth: number): void {
    const base = heritageOf(declaration)
    if (base === undefined || !ts.isIdentifier(base) || depth > maxDepth) return
    const symbol = this.checker.getSymbolAtLocation(base)
    if (symbol === undefined) return
    const target =
      (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : this.checker.getAliasedSymbol(symbol)
    if (target.declarations === undefined) this.imports.wantAlias(symbol)
    else this.wantHeritage(target.declarations.find(ts.isClassLike), depth + 1)
  }
}

function methodWith(member: ts.ClassElement): FunctionLike | undefined {
  if (isFunctionWithBody(member)) return member.body === undefined ? undefined : member
  const value = ts.isPropertyDeclaration(member) ? member.initializer : undefined
  const bare = value && unwrapExpression(value)
  return bare !== undefined && isFunctionWithBody(bare) ? bare : undefined
}

function isUnresolved(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  return (
    (symbol.flags & ts.SymbolFlags.Alias) !== 0 && checker.getAliasedSymbol(symbol).declarations === undefined
  )
}

function constructorOf(declaration: ts.ClassLikeDeclaration): FunctionLike | undefined {
  return declaration.members.find(
    (member): member is ts.ConstructorDeclaration =>
      ts.isConstructorDeclaration(member) && member.body !== undefined,
  )
}

/** The value that a declaration gives to its name, where nothing gives it another one. */
function valueOf(declaration: ts.Node): ts.Expression | undefined {
  if (ts.isVariableDeclaration(declaration))
    return (declaration.parent.flags & ts.NodeFlags.Const) === 0 ? undefined : declaration.initializer
  if (ts.isPropertyDeclaration(declaration) || ts.isPropertyAssignment(declaration))
    return declaration.initializer
  if (ts.isExportAssignment(declaration)) return declaration.expression
  if (ts.isBinaryExpression(declaration)) return declaration.right
  // exports.commit = …
  const { parent } = declaration
  const isTarget =
    (ts.isPropertyAccessExpression(declaration) || ts.isElementAccessExpression(declaration)) &&
    ts.isBinaryExpression(parent) &&
    parent.left === declaration
  return isTarget ? parent.right : undefined
}
