import ts from 'typescript'
import type { Assignments } from '../connection/assignments'
import { unwrapExpression } from '../syntax/syntax'

/** What is known of an expression's type without a type checker. */
export type TypeFact =
  | {
      readonly kind: 'declared'
      readonly declaration:
        | ts.ClassLikeDeclaration
        | ts.InterfaceDeclaration
        | ts.TypeLiteralNode
        | ts.ObjectLiteralExpression
        | ts.SourceFile
    }
  /**
   * Comes from outside the package. `*` is the module itself and `default` its default export; `createPool()` is what an exported function
   * returns, `Knex.client` a member. `local` is what a default import is called here.
   */
  | { readonly kind: 'external'; readonly name: string; readonly module: string; readonly local?: string }
  /** One of several at run time. */
  | { readonly kind: 'either'; readonly facts: readonly TypeFact[] }
  /** All of several at once: an intersection. */
  | { readonly kind: 'both'; readonly facts: readonly TypeFact[] }
  | { readonly kind: 'unknown' }

type ExternalFact = Extract<TypeFact, { kind: 'external' }>

/** Where facts come from, for those who follow one kind of declaration. */
export interface FactSource {
  readonly checker: ts.TypeChecker
  readonly assignments: Assignments
  factOf(expression: ts.Expression, depth: number): TypeFact
  symbolFact(symbol: ts.Symbol | undefined, depth: number): TypeFact
  entityFact(entity: ts.Node, depth: number): TypeFact
  parentsOf(declaration: ts.Node): readonly TypeFact[]
  resolveAlias(symbol: ts.Symbol | undefined): ts.Symbol | undefined
}

export const unknownFact: TypeFact = { kind: 'unknown' }

/** How many steps a name is followed before it counts as unknown. */
export const maxDepth = 16

export function either(facts: readonly TypeFact[]): TypeFact {
  const [only] = facts
  return facts.length === 1 && only !== undefined ? only : { kind: 'either', facts }
}

/** What an import gives under `name`. */
export function externalOf(node: ts.Node, name: string, local?: string): TypeFact {
  const declaration = ts.findAncestor(
    node,
    (one): one is ts.ImportDeclaration | ts.ImportEqualsDeclaration | ts.JSDocImportTag =>
      ts.isImportDeclaration(one) || ts.isImportEqualsDeclaration(one) || ts.isJSDocImportTag(one),
  )
  if (declaration === undefined) return unknownFact
  const specifier = ts.isImportEqualsDeclaration(declaration)
    ? ts.isExternalModuleReference(declaration.moduleReference)
      ? declaration.moduleReference.expression
      : undefined
    : declaration.moduleSpecifier
  if (specifier === undefined || !ts.isStringLiteral(specifier) || specifier.text.startsWith('.'))
    return unknownFact
  return { kind: 'external', name, module: specifier.text, ...(local === undefined ? {} : { local }) }
}

export function memberOfExternal({ name, module }: ExternalFact, member: string): TypeFact {
  // The default import of a CommonJS module is the module.
  if (name === '*' || name === 'default') return { kind: 'external', name: member, module }
  return { kind: 'external', name: `${name}.${member}`, module }
}

export function resultOfExternal({ name, module, local }: ExternalFact): TypeFact {
  return {
    kind: 'external',
    name: `${name}()`,
    module,
    ...(local === undefined ? {} : { local: `${local}()` }),
  }
}

/** Helpers that compilers wrap around `require`. */
const interop: ReadonlySet<string> = new Set([
  '__importDefault',
  '__importStar',
  '__toESM',
  '_interopRequireDefault',
  '_interopRequireWildcard',
  '_interop_require_default',
  '_interop_require_wildcard',
  '_interopDefault',
  '_interopNamespace',
])

/** The specifier of `require('pg')` or `await import('pg')`, in whatever a compiler wraps around it. */
export function requiredSpecifier(expression: ts.Expression): string | undefined {
  let bare = unwrapExpression(expression)
  if (ts.isAwaitExpression(bare)) bare = unwrapExpression(bare.expression)
  if (!ts.isCallExpression(bare)) return undefined
  const [first] = bare.arguments
  const { expression: callee } = bare
  if (first !== undefined && ts.isIdentifier(callee) && interop.has(callee.text))
    return requiredSpecifier(first)
  const isRequire =
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  return isRequire && first !== undefined && ts.isStringLiteralLike(first) ? first.text : undefined
}

/** `require('pg')` as a namespace. */
export function requiredModule(expression: ts.Expression): TypeFact | undefined {
  const specifier = requiredSpecifier(expression)
  return specifier !== undefined && !specifier.startsWith('.')
    ? { kind: 'external', name: '*', module: specifier }
    : undefined
}

/** What `this` is inside a class or an object. */
export function thisFact(expression: ts.Expression): TypeFact {
  const container = ts.findAncestor(
    expression,
    (node) =>
      ts.isClassLike(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isObjectLiteralExpression(node),
  )
  return container !== undefined && (ts.isClassLike(container) || ts.isObjectLiteralExpression(container))
    ? { kind: 'declared', declaration: container }
    : unknownFact
}

export function isChoice(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.QuestionQuestionToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.AmpersandAmpersandToken
  )
}

export function isNullish(type: ts.TypeNode): boolean {
  return (
    type.kind === ts.SyntaxKind.UndefinedKeyword ||
    (ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword)
  )
}
