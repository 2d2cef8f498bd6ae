import ts from 'typescript'
import { Assignments } from '../connection/assignments'
import { calleeOf, type Callee } from './callee-facts'
import { isNullish } from '../connection/connection-uses'
import { returnFact, typeFact } from './declared-types'
import { findMember } from './member-lookup'
import type { ParsedPackage } from '../modules/parse-package'
import { unwrapExpression } from '../syntax/syntax'
import {
  either,
  externalOf,
  isChoice,
  maxDepth,
  memberOfExternal,
  requiredModule,
  requiredSpecifier,
  resultOfExternal,
  thisFact,
  unknownFact,
  type FactSource,
  type TypeFact,
} from './type-fact'

type VariableLike =
  ts.VariableDeclaration | ts.ParameterDeclaration | ts.PropertyDeclaration | ts.PropertySignature

/** Follows expressions and names to the declarations they come from: imports, annotations, constructor calls, members. */
export class TypeFacts implements FactSource {
  readonly assignments = new Assignments()
  /** Each dialect asks for the same receivers. */
  private readonly known = new Map<ts.Expression, TypeFact>()
  private knownBy: ts.TypeChecker | undefined

  constructor(readonly parsed: ParsedPackage) {}

  get checker(): ts.TypeChecker {
    return this.parsed.checker
  }

  /** What a class or interface extends and implements. */
  parentsOf(declaration: ts.Node): TypeFact[] {
    if (!ts.isClassLike(declaration) && !ts.isInterfaceDeclaration(declaration)) return []
    return (declaration.heritageClauses ?? []).flatMap((clause) =>
      clause.types.map((type) => this.entityFact(type.expression, 0)),
    )
  }

  /** The type of a value expression. */
  factOf(expression: ts.Expression, depth: number): TypeFact {
    if (depth > 0) return this.findFact(expression, depth)
    if (this.knownBy !== this.checker) this.known.clear()
    this.knownBy = this.checker
    const fact = this.known.get(expression) ?? this.findFact(expression, depth)
    this.known.set(expression, fact)
    return fact
  }

  private findFact(expression: ts.Expression, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    const next = depth + 1
    if (ts.isParenthesizedExpression(expression) || ts.isNonNullExpression(expression))
      return this.factOf(expression.expression, next)
    if (
      ts.isAsExpression(expression) ||
      ts.isSatisfiesExpression(expression) ||
      ts.isTypeAssertionExpression(expression)
    ) {
      const named = typeFact(expression.type, this, next)
      return named.kind === 'unknown' ? this.factOf(expression.expression, next) : named
    }
    if (ts.isNewExpression(expression)) return this.constructedFact(expression, next)
    if (expression.kind === ts.SyntaxKind.ThisKeyword) return thisFact(expression)
    if (ts.isIdentifier(expression))
      return this.symbolFact(this.checker.getSymbolAtLocation(expression), next)
    if (ts.isPropertyAccessExpression(expression))
      return this.memberFact(this.factOf(expression.expression, next), expression.name.text, next)
    if (ts.isElementAccessExpression(expression)) {
      const index = expression.argumentExpression
      return ts.isStringLiteralLike(index)
        ? this.memberFact(this.factOf(expression.expression, next), index.text, next)
        : unknownFact
    }
    if (ts.isCallExpression(expression))
      return this.requiredFact(expression, next) ?? this.callFact(expression, next)
    if (ts.isAwaitExpression(expression))
      return this.requiredFact(expression, next) ?? this.factOf(expression.expression, next)
    if (ts.isObjectLiteralExpression(expression)) return { kind: 'declared', declaration: expression }
    if (ts.isClassExpression(expression)) return { kind: 'declared', declaration: expression }
    if (ts.isBinaryExpression(expression)) return this.binaryFact(expression, next)
    if (ts.isConditionalExpression(expression))
      return either([this.factOf(expression.whenTrue, next), this.factOf(expression.whenFalse, next)])
    return unknownFact
  }

  /** The declaration of a method or property that is asked of an expression. */
  memberOf(expression: ts.Expression, name: string): ts.Node | undefined {
    const owner = this.factOf(expression, 0)
    return owner.kind === 'declared' ? findMember(owner.declaration, name, this, 0) : undefined
  }

  memberFact(owner: TypeFact, name: string, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (owner.kind === 'either')
      return either(owner.facts.map((fact) => this.memberFact(fact, name, depth + 1)))
    if (owner.kind === 'both') {
      const known = owner.facts.map((fact) => this.memberFact(fact, name, depth + 1))
      return known.find((fact) => fact.kind !== 'unknown') ?? unknownFact
    }
    if (owner.kind === 'external') return memberOfExternal(owner, name)
    if (owner.kind !== 'declared') return unknownFact
    const member = findMember(owner.declaration, name, this, depth)
    return member === undefined ? unknownFact : this.declarationFact(member, depth + 1)
  }

  symbolFact(symbol: ts.Symbol | undefined, depth: number): TypeFact {
    if (symbol === undefined || depth > maxDepth) return unknownFact
    const declaration = this.resolveAlias(symbol)?.declarations?.[0] ?? symbol.declarations?.[0]
    return declaration === undefined ? unknownFact : this.declarationFact(declaration, depth + 1)
  }

  declarationFact(declaration: ts.Node, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (
      ts.isVariableDeclaration(declaration) ||
      ts.isParameter(declaration) ||
      ts.isPropertyDeclaration(declaration) ||
      ts.isPropertySignature(declaration)
    )
      return this.variableFact(declaration, depth)
    if (ts.isBindingElement(declaration)) return this.bindingFact(declaration, depth)
    if (ts.isPropertyAssignment(declaration)) return this.factOf(declaration.initializer, depth)
    if (ts.isShorthandPropertyAssignment(declaration))
      return this.symbolFact(this.checker.getShorthandAssignmentValueSymbol(declaration), depth)
    if (ts.isGetAccessorDeclaration(declaration)) return returnFact(declaration, this, depth)
    if (ts.isSourceFile(declaration) || ts.isClassLike(declaration)) return { kind: 'declared', declaration }
    if (ts.isNamespaceImport(declaration) || ts.isImportEqualsDeclaration(declaration))
      return externalOf(declaration, '*')
    if (ts.isImportClause(declaration)) return externalOf(declaration, 'default', declaration.name?.text)
    if (ts.isImportSpecifier(declaration))
      return externalOf(declaration, (declaration.propertyName ?? declaration.name).text)
    if (ts.isExpression(declaration)) return this.factOf(declaration, depth)
    return unknownFact
  }

  /** The class or interface that a name stands for. */
  entityFact(entity: ts.Node, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (ts.isQualifiedName(entity) || ts.isPropertyAccessExpression(entity)) {
      const [left, right] = ts.isQualifiedName(entity)
        ? [entity.left, entity.right]
        : [entity.expression, entity.name]
      const owner =
        ts.isIdentifier(left) || ts.isQualifiedName(left) || ts.isExpression(left)
          ? this.namespaceFact(left, depth + 1)
          : unknownFact
      if (owner.kind === 'external') return memberOfExternal(owner, right.text)
      if (owner.kind !== 'declared') return unknownFact
      const member = findMember(owner.declaration, right.text, this, depth)
      return member === undefined ? unknownFact : this.entityDeclarationFact(member, depth + 1)
    }
    if (!ts.isIdentifier(entity))
      return ts.isExpression(entity) ? (this.requiredFact(entity, depth) ?? unknownFact) : unknownFact
    const symbol = this.checker.getSymbolAtLocation(entity)
    const declarations = this.resolveAlias(symbol)?.declarations ?? symbol?.declarations ?? []
    const declaration = declarations[0]
    return declaration === undefined ? unknownFact : this.entityDeclarationFact(declaration, depth)
  }

  resolveAlias(symbol: ts.Symbol | undefined): ts.Symbol | undefined {
    if (symbol === undefined || (symbol.flags & ts.SymbolFlags.Alias) === 0) return symbol
    const target = this.checker.getAliasedSymbol(symbol)
    return target.declarations === undefined ? undefined : target
  }

  private constructedFact(expression: ts.NewExpression, depth: number): TypeFact {
    const [first] = expression.arguments ?? []
    // A proxy answers like what stands behind it.
    if (ts.isIdentifier(expression.expression) && expression.expression.text === 'Proxy')
      return first === undefined ? unknownFact : this.factOf(first, depth)
    return this.entityFact(unwrapExpression(expression.expression), depth)
  }

  private binaryFact(expression: ts.BinaryExpression, depth: number): TypeFact {
    const { left, right, operatorToken } = expression
    if (isChoice(operatorToken.kind)) return either([this.factOf(left, depth), this.factOf(right, depth)])
    const isKept =
      operatorToken.kind === ts.SyntaxKind.EqualsToken ||
      operatorToken.kind === ts.SyntaxKind.CommaToken ||
      operatorToken.kind === ts.SyntaxKind.QuestionQuestionEqualsToken ||
      operatorToken.kind === ts.SyntaxKind.BarBarEqualsToken
    return isKept ? this.factOf(right, depth) : unknownFact
  }

  private callFact(call: ts.CallExpression, depth: number): TypeFact {
    const callee = unwrapExpression(call.expression)
    const [declaration, fact] = this.calleeOf(callee, depth)
    if (fact.kind === 'external') return resultOfExternal(fact)
    return declaration === undefined ? unknownFact : returnFact(declaration, this, depth)
  }

  /** The function that a call calls: its declaration in the package, or what is known of it outside. */
  calleeOf(callee: ts.Expression, depth = 0): Callee {
    return calleeOf(callee, this, depth)
  }

  /** `require('pg')`, or the file of the package that is required. */
  private requiredFact(expression: ts.Expression, depth: number): TypeFact | undefined {
    const external = requiredModule(expression)
    if (external !== undefined || depth > maxDepth) return external
    const specifier = requiredSpecifier(expression)
    if (specifier === undefined) return undefined
    const path = this.parsed.resolve(specifier, expression.getSourceFile().fileName)
    const declaration = path === undefined ? undefined : this.parsed.sourceFile(path)
    return declaration === undefined ? undefined : { kind: 'declared', declaration }
  }

  private variableFact(declaration: VariableLike, depth: number): TypeFact {
    const type = declaration.type ?? ts.getJSDocType(declaration)
    const named = type === undefined ? unknownFact : typeFact(type, this, depth)
    if (named.kind !== 'unknown') return named
    const initializer = ts.isPropertySignature(declaration) ? undefined : declaration.initializer
    if (initializer !== undefined && !isNullish(initializer)) return this.factOf(initializer, depth)
    return this.assignedFact(declaration, depth)
  }

  private assignedFact(declaration: VariableLike, depth: number): TypeFact {
    const { name, parent } = declaration
    const values = ts.isPropertyDeclaration(declaration)
      ? ts.isClassLike(parent)
        ? this.assignments.toField(parent, name.getText())
        : []
      : ts.isIdentifier(name) && !ts.isPropertySignature(declaration)
        ? this.assignments.toVariable(name, this.checker)
        : []
    return values.length === 0 ? unknownFact : either(values.map((value) => this.factOf(value, depth + 1)))
  }

  private bindingFact(element: ts.BindingElement, depth: number): TypeFact {
    const name = (element.propertyName ?? element.name).getText()
    const owner = element.parent.parent
    if (!ts.isObjectBindingPattern(element.parent) || element.dotDotDotToken !== undefined) return unknownFact
    const taken = ts.isBindingElement(owner)
      ? this.bindingFact(owner, depth + 1)
      : this.declarationFact(owner, depth + 1)
    const fact = this.memberFact(taken, name, depth)
    if (fact.kind !== 'unknown' || element.initializer === undefined) return fact
    return this.factOf(element.initializer, depth + 1)
  }

  private namespaceFact(left: ts.Node, depth: number): TypeFact {
    if (ts.isIdentifier(left)) return this.symbolFact(this.checker.getSymbolAtLocation(left), depth)
    if (ts.isQualifiedName(left)) return this.entityFact(left, depth)
    return ts.isExpression(left) ? this.factOf(left, depth) : unknownFact
  }

  private entityDeclarationFact(declaration: ts.Node, depth: number): TypeFact {
    if (depth > maxDepth) return unknownFact
    if (ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration))
      return { kind: 'declared', declaration }
    if (ts.isTypeAliasDeclaration(declaration)) return typeFact(declaration.type, this, depth + 1)
    if (ts.isTypeParameterDeclaration(declaration))
      return declaration.constraint === undefined
        ? unknownFact
        : typeFact(declaration.constraint, this, depth + 1)
    if (ts.isJSDocTypedefTag(declaration)) {
      const type = declaration.typeExpression
      return type !== undefined && ts.isJSDocTypeExpression(type)
        ? typeFact(type.type, this, depth + 1)
        : unknownFact
    }
    if (ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined) {
      const initializer = unwrapExpression(declaration.initializer)
      if (ts.isClassExpression(initializer)) return { kind: 'declared', declaration: initializer }
      return this.entityFact(initializer, depth + 1)
    }
    return this.declarationFact(declaration, depth + 1)
  }
}
