import { ts } from 'ts-morph'
import type { ParsedPackage } from './parse-package'
import {
  assignmentToThis,
  either,
  externalOf,
  isChoice,
  isNullish,
  maxDepth,
  requiredModule,
  unknownFact,
  type TypeFact,
} from './type-fact'

/** Follows expressions and names to the declarations they come from: imports, annotations, constructor calls, members. */
export class TypeFacts {
  constructor(private readonly parsed: ParsedPackage) {}

  /** What a class or interface extends and implements. */
  parentsOf(declaration: ts.Node): TypeFact[] {
    if (!ts.isClassLike(declaration) && !ts.isInterfaceDeclaration(declaration)) return []
    return (declaration.heritageClauses ?? []).flatMap((clause) =>
      clause.types.map((type) => this.entityFact(type.expression, 0)),
    )
  }

  /** The type of a value expression. */
  factOf(expression: ts.Expression, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    const next = depth + 1
    if (ts.isParenthesizedExpression(expression) || ts.isNonNullExpression(expression))
      return this.factOf(expression.expression, next)
    if (ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression))
      return this.typeFact(expression.type, next)
    if (ts.isNewExpression(expression)) return this.entityFact(expression.expression, next)
    if (expression.kind === ts.SyntaxKind.ThisKeyword) return this.thisFact(expression)
    if (ts.isIdentifier(expression))
      return this.symbolFact(this.parsed.checker.getSymbolAtLocation(expression), next)
    if (ts.isPropertyAccessExpression(expression))
      return this.memberFact(this.factOf(expression.expression, next), expression.name.text, next)
    if (ts.isAwaitExpression(expression)) return this.factOf(expression.expression, next)
    if (ts.isCallExpression(expression)) return this.callFact(expression, next)
    if (ts.isObjectLiteralExpression(expression)) return { kind: 'declared', declaration: expression }
    if (ts.isBinaryExpression(expression) && isChoice(expression.operatorToken.kind)) {
      return either([this.factOf(expression.left, next), this.factOf(expression.right, next)])
    }
    if (ts.isBinaryExpression(expression) && expression.operatorToken.kind === ts.SyntaxKind.EqualsToken)
      return this.factOf(expression.right, next)
    if (ts.isConditionalExpression(expression))
      return either([this.factOf(expression.whenTrue, next), this.factOf(expression.whenFalse, next)])
    return unknownFact
  }

  private thisFact(expression: ts.Expression): TypeFact {
    const container = ts.findAncestor(
      expression,
      (node) =>
        ts.isClassLike(node) ||
        ts.isFunctionDeclaration(node) ||
        ts.isFunctionExpression(node) ||
        ts.isObjectLiteralExpression(node),
    )
    return container !== undefined && ts.isClassLike(container)
      ? { kind: 'declared', declaration: container }
      : unknownFact
  }

  private callFact(call: ts.CallExpression, depth: number): TypeFact {
    const callee = call.expression
    if (ts.isIdentifier(callee)) {
      const declaration = this.resolveAlias(this.parsed.checker.getSymbolAtLocation(callee))
        ?.declarations?.[0]
      return declaration === undefined ? unknownFact : this.returnFact(declaration, depth)
    }
    if (ts.isPropertyAccessExpression(callee)) {
      const owner = this.factOf(callee.expression, depth)
      const member =
        owner.kind === 'declared' ? this.findMember(owner.declaration, callee.name.text, depth) : undefined
      return member === undefined ? unknownFact : this.returnFact(member, depth)
    }
    return unknownFact
  }

  private returnFact(declaration: ts.Node, depth: number): TypeFact {
    if (ts.isFunctionLike(declaration)) {
      if (declaration.type !== undefined) return this.typeFact(declaration.type, depth)
      if (ts.isArrowFunction(declaration) && !ts.isBlock(declaration.body))
        return this.factOf(declaration.body, depth)
      return unknownFact
    }
    if (
      ts.isVariableDeclaration(declaration) ||
      ts.isPropertyDeclaration(declaration) ||
      ts.isPropertyAssignment(declaration)
    ) {
      return declaration.initializer !== undefined && ts.isFunctionLike(declaration.initializer)
        ? this.returnFact(declaration.initializer, depth)
        : unknownFact
    }
    return unknownFact
  }

  private memberFact(owner: TypeFact, name: string, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (owner.kind === 'either')
      return either(owner.facts.map((fact) => this.memberFact(fact, name, depth + 1)))
    if (owner.kind === 'both') {
      const known = owner.facts.map((fact) => this.memberFact(fact, name, depth + 1))
      return known.find((fact) => fact.kind !== 'unknown') ?? unknownFact
    }
    if (owner.kind === 'external' && owner.name === '*')
      return { kind: 'external', name, module: owner.module }
    if (owner.kind === 'external' && owner.name === 'default')
      return { kind: 'external', name, module: owner.module }
    if (owner.kind !== 'declared') return unknownFact
    const member = this.findMember(owner.declaration, name, depth)
    return member === undefined ? unknownFact : this.declarationFact(member, depth + 1)
  }

  private findMember(declaration: ts.Node, name: string, depth: number): ts.Node | undefined {
    if (ts.isSourceFile(declaration)) {
      const symbol = this.parsed.checker.getSymbolAtLocation(declaration)
      const exported =
        symbol && this.parsed.checker.getExportsOfModule(symbol).find((one) => one.name === name)
      return this.resolveAlias(exported)?.declarations?.[0]
    }
    if (ts.isObjectLiteralExpression(declaration))
      return declaration.properties.find((property) => property.name?.getText() === name)
    if (
      !ts.isClassLike(declaration) &&
      !ts.isInterfaceDeclaration(declaration) &&
      !ts.isTypeLiteralNode(declaration)
    )
      return undefined
    const own = (declaration.members as ts.NodeArray<ts.ClassElement | ts.TypeElement>).find(
      (member) => member.name?.getText() === name,
    )
    if (own !== undefined) return own
    if (ts.isClassLike(declaration)) {
      const constructor = declaration.members.find(ts.isConstructorDeclaration)
      const parameter = constructor?.parameters.find(
        (one) => ts.isParameterPropertyDeclaration(one, one.parent) && one.name.getText() === name,
      )
      if (parameter !== undefined) return parameter
      const assigned = constructor?.body && assignmentToThis(constructor.body, name)
      if (assigned !== undefined) return assigned
    }
    if (depth > maxDepth) return undefined
    for (const parent of this.parentsOf(declaration)) {
      const inherited =
        parent.kind === 'declared' ? this.findMember(parent.declaration, name, depth + 1) : undefined
      if (inherited !== undefined) return inherited
    }
    return undefined
  }

  private symbolFact(symbol: ts.Symbol | undefined, depth: number): TypeFact {
    if (symbol === undefined || depth > maxDepth) return unknownFact
    const declaration = this.resolveAlias(symbol)?.declarations?.[0] ?? symbol.declarations?.[0]
    return declaration === undefined ? unknownFact : this.declarationFact(declaration, depth + 1)
  }

  private declarationFact(declaration: ts.Node, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (
      ts.isVariableDeclaration(declaration) ||
      ts.isParameter(declaration) ||
      ts.isPropertyDeclaration(declaration) ||
      ts.isPropertySignature(declaration)
    ) {
      const type = declaration.type ?? ts.getJSDocType(declaration)
      if (type !== undefined) return this.typeFact(type, depth)
      const initializer = ts.isPropertySignature(declaration) ? undefined : declaration.initializer
      if (initializer !== undefined) return requiredModule(initializer) ?? this.factOf(initializer, depth)
      const owner =
        ts.isPropertyDeclaration(declaration) && ts.isClassLike(declaration.parent)
          ? declaration.parent
          : undefined
      const constructor = owner?.members.find(ts.isConstructorDeclaration)
      const assigned = constructor?.body && assignmentToThis(constructor.body, declaration.name.getText())
      return assigned === undefined ? unknownFact : this.factOf(assigned, depth)
    }
    if (ts.isBindingElement(declaration)) return this.bindingFact(declaration, depth)
    if (ts.isPropertyAssignment(declaration)) return this.factOf(declaration.initializer, depth)
    if (ts.isShorthandPropertyAssignment(declaration))
      return this.symbolFact(this.parsed.checker.getShorthandAssignmentValueSymbol(declaration), depth)
    if (ts.isGetAccessorDeclaration(declaration))
      return declaration.type === undefined ? unknownFact : this.typeFact(declaration.type, depth)
    if (ts.isSourceFile(declaration)) return { kind: 'declared', declaration }
    if (ts.isNamespaceImport(declaration)) return externalOf(declaration, '*')
    if (ts.isImportClause(declaration)) return externalOf(declaration, 'default')
    if (ts.isExpression(declaration)) return this.factOf(declaration, depth)
    return unknownFact
  }

  private bindingFact(element: ts.BindingElement, depth: number): TypeFact {
    const name = (element.propertyName ?? element.name).getText()
    const owner = element.parent.parent
    if (!ts.isObjectBindingPattern(element.parent)) return unknownFact
    if (ts.isBindingElement(owner)) return this.memberFact(this.bindingFact(owner, depth + 1), name, depth)
    const required = owner.initializer === undefined ? undefined : requiredModule(owner.initializer)
    return this.memberFact(required ?? this.declarationFact(owner, depth + 1), name, depth)
  }

  /** The type that a type node names. Promises are looked through: receivers are awaited before they are used. */
  private typeFact(type: ts.TypeNode, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (ts.isParenthesizedTypeNode(type)) return this.typeFact(type.type, depth + 1)
    if (ts.isTypeLiteralNode(type)) return { kind: 'declared', declaration: type }
    if (ts.isUnionTypeNode(type)) {
      const parts = type.types.filter((part) => !isNullish(part))
      return either(parts.map((part) => this.typeFact(part, depth + 1)))
    }
    if (ts.isIntersectionTypeNode(type))
      return { kind: 'both', facts: type.types.map((part) => this.typeFact(part, depth + 1)) }
    if (ts.isTypeQueryNode(type) && ts.isIdentifier(type.exprName))
      return this.symbolFact(this.parsed.checker.getSymbolAtLocation(type.exprName), depth + 1)
    if (ts.isTypeReferenceNode(type)) {
      const inner = type.typeArguments?.[0]
      const name = type.typeName.getText()
      if (inner !== undefined && (name === 'Promise' || name === 'Readonly'))
        return this.typeFact(inner, depth + 1)
      return this.entityFact(type.typeName, depth + 1)
    }
    if (
      ts.isImportTypeNode(type) &&
      type.qualifier !== undefined &&
      ts.isLiteralTypeNode(type.argument) &&
      ts.isStringLiteral(type.argument.literal)
    ) {
      return { kind: 'external', name: type.qualifier.getText(), module: type.argument.literal.text }
    }
    return unknownFact
  }

  /** The class or interface that a name stands for. */
  private entityFact(entity: ts.Node, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (ts.isQualifiedName(entity) || ts.isPropertyAccessExpression(entity)) {
      const [left, right] = ts.isQualifiedName(entity)
        ? [entity.left, entity.right]
        : [entity.expression, entity.name]
      const owner = ts.isIdentifier(left)
        ? this.symbolFact(this.parsed.checker.getSymbolAtLocation(left), depth + 1)
        : unknownFact
      if (owner.kind === 'external' && (owner.name === '*' || owner.name === 'default'))
        return { kind: 'external', name: right.text, module: owner.module }
      if (owner.kind === 'declared' && ts.isSourceFile(owner.declaration)) {
        const member = this.findMember(owner.declaration, right.text, depth)
        return member === undefined ? unknownFact : this.entityDeclarationFact(member, depth + 1)
      }
      return unknownFact
    }
    if (!ts.isIdentifier(entity)) return unknownFact
    const symbol = this.parsed.checker.getSymbolAtLocation(entity)
    const declarations = this.resolveAlias(symbol)?.declarations ?? symbol?.declarations ?? []
    const declaration = declarations[0]
    return declaration === undefined ? unknownFact : this.entityDeclarationFact(declaration, depth)
  }

  private entityDeclarationFact(declaration: ts.Node, depth: number): TypeFact {
    if (ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration))
      return { kind: 'declared', declaration }
    if (ts.isTypeAliasDeclaration(declaration)) return this.typeFact(declaration.type, depth + 1)
    if (ts.isImportSpecifier(declaration))
      return externalOf(declaration, (declaration.propertyName ?? declaration.name).text)
    if (ts.isImportClause(declaration)) return externalOf(declaration, declaration.name?.text ?? 'default')
    if (ts.isBindingElement(declaration)) return this.bindingFact(declaration, depth + 1)
    if (ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined) {
      if (ts.isClassExpression(declaration.initializer))
        return { kind: 'declared', declaration: declaration.initializer }
      return this.entityFact(declaration.initializer, depth + 1)
    }
    return unknownFact
  }

  private resolveAlias(symbol: ts.Symbol | undefined): ts.Symbol | undefined {
    if (symbol === undefined || (symbol.flags & ts.SymbolFlags.Alias) === 0) return symbol
    const target = this.parsed.checker.getAliasedSymbol(symbol)
    return target.declarations === undefined ? undefined : target
  }
}
