import ts from 'typescript'
import { isNullish } from '../connection/connection-uses'
import { isAssignmentOperator, receiverText, unwrapExpression, walk } from '../syntax/syntax'

/** More would multiply the paths; the oldest is forgotten, which only makes the analysis more careful. */
const maxFacts = 6

/** What a condition asks for, and whether that holds when the condition is truthy. */
export interface Asked {
  readonly symbol: ts.Symbol
  readonly truth: boolean
  /** `x === true`: an `x` that is merely truthy does not make it so. */
  readonly isExact?: true
  /** Whether the condition is there to be true: `!== true` is not. */
  readonly isDenied?: true
}

/** `x`, `x != null`, `undefined === x`, `typeof x !== 'undefined'`: which variable a condition asks for, and whether it holds when that is truthy. */
export function askedOf(condition: ts.Node, checker: ts.TypeChecker): Asked | undefined {
  const bare = unwrapExpression(condition as ts.Expression)
  const ask = (name: ts.Expression | undefined, truth: boolean): Asked | undefined => {
    const symbol = name === undefined ? undefined : factOf(name, checker)
    return symbol === undefined ? undefined : { symbol, truth }
  }
  if (ts.isIdentifier(bare) || ts.isPropertyAccessExpression(bare)) return ask(bare, true)
  if (ts.isCallExpression(bare)) {
    const [only] = bare.arguments
    const isBoolean = bare.expression.getText() === 'Boolean' && bare.arguments.length === 1
    return isBoolean && only !== undefined ? ask(unwrapExpression(only), true) : undefined
  }
  if (!ts.isBinaryExpression(bare)) return undefined
  const operator = bare.operatorToken.kind
  // if ((client = await pool.connect()))
  if (operator === ts.SyntaxKind.EqualsToken) return ask(unwrapExpression(bare.left), true)
  const equal =
    operator === ts.SyntaxKind.EqualsEqualsToken || operator === ts.SyntaxKind.EqualsEqualsEqualsToken
  const unequal =
    operator === ts.SyntaxKind.ExclamationEqualsToken ||
    operator === ts.SyntaxKind.ExclamationEqualsEqualsToken
  if (!equal && !unequal) return undefined
  const left = unwrapExpression(bare.left)
  const right = unwrapExpression(bare.right)
  const literal = booleanOf(right)
  if (literal !== undefined) {
    const exact = ask(left, literal)
    return exact && { ...exact, isExact: true, ...(unequal ? { isDenied: true } : {}) }
  }
  if (isNullish(right)) return ask(left, unequal)
  if (isNullish(left)) return ask(right, unequal)
  // typeof x === 'undefined'
  const isUndefined = ts.isStringLiteralLike(right) && right.text === 'undefined'
  return isUndefined && ts.isTypeOfExpression(left)
    ? ask(unwrapExpression(left.expression), unequal)
    : undefined
}

function booleanOf({ kind }: ts.Expression): boolean | undefined {
  if (kind === ts.SyntaxKind.TrueKeyword) return true
  return kind === ts.SyntaxKind.FalseKeyword ? false : undefined
}

/** `client !== given` while the client was just taken: it is another one than any that was given as an argument. */
export function differsFromGiven(
  condition: ts.Node,
  variable: ts.Symbol,
  checker: ts.TypeChecker,
): boolean | undefined {
  const bare = unwrapExpression(condition as ts.Expression)
  if (!ts.isBinaryExpression(bare)) return undefined
  const kind = bare.operatorToken.kind
  const isUnequal =
    kind === ts.SyntaxKind.ExclamationEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsEqualsToken
  const isEqual = kind === ts.SyntaxKind.EqualsEqualsToken || kind === ts.SyntaxKind.EqualsEqualsEqualsToken
  if (!isUnequal && !isEqual) return undefined
  const symbols = [bare.left, bare.right].map((side) => {
    const name = unwrapExpression(side)
    return ts.isIdentifier(name) ? checker.getSymbolAtLocation(name) : undefined
  })
  const other = symbols.find((symbol) => symbol !== variable)
  const declaration = other?.valueDeclaration
  if (!symbols.includes(variable) || declaration === undefined || !ts.isParameter(declaration))
    return undefined
  return isUnequal
}

/** `connection instanceof Pool`: what a pool lends is none. */
export function isNoPool(condition: ts.Node, variable: ts.Symbol, checker: ts.TypeChecker): boolean {
  const bare = unwrapExpression(condition as ts.Expression)
  if (!ts.isBinaryExpression(bare) || bare.operatorToken.kind !== ts.SyntaxKind.InstanceOfKeyword)
    return false
  const left = unwrapExpression(bare.left)
  const right = unwrapExpression(bare.right)
  const name = ts.isPropertyAccessExpression(right) ? right.name : right
  const isPool = ts.isIdentifier(name) && /Pool$/.test(name.text)
  return isPool && ts.isIdentifier(left) && checker.getSymbolAtLocation(left) === variable
}

/** Symbols that stand for `options.client`: one for each path below each variable. */
const pathSymbols = new WeakMap<ts.Symbol, Map<string, ts.Symbol>>()

/**
 * What facts are kept by: a variable, or a property of a parameter or constant (`options.client`), which is taken to stay what it is
 * unless this function assigns it.
 */
export function factOf(expression: ts.Expression, checker: ts.TypeChecker): ts.Symbol | undefined {
  const bare = unwrapExpression(expression)
  if (ts.isIdentifier(bare)) return checker.getSymbolAtLocation(bare)
  if (!ts.isPropertyAccessExpression(bare)) return undefined
  let root: ts.Expression = bare
  while (ts.isPropertyAccessExpression(root)) root = unwrapExpression(root.expression)
  const named = ts.isIdentifier(root)
    ? root
    : bare.expression.kind === ts.SyntaxKind.ThisKeyword
      ? bare.name
      : undefined
  const symbol = named && checker.getSymbolAtLocation(named)
  const declaration = symbol?.valueDeclaration
  if (symbol === undefined || declaration === undefined) return undefined
  if (!isStable(declaration) && !isStableField(declaration)) return undefined
  const paths = pathSymbols.get(symbol) ?? new Map<string, ts.Symbol>()
  pathSymbols.set(symbol, paths)
  const path = receiverText(bare).replaceAll('?.', '.')
  const known = paths.get(path) ?? ({ flags: ts.SymbolFlags.Property, name: path } as unknown as ts.Symbol)
  paths.set(path, known)
  return known
}

/** What {@link factOf} gives for `owner.name` where `owner` is a parameter or a constant. */
export function propertyFact(owner: ts.Symbol, name: string): ts.Symbol {
  const paths = pathSymbols.get(owner) ?? new Map<string, ts.Symbol>()
  pathSymbols.set(owner, paths)
  const path = `${owner.name}.${name}`
  const known = paths.get(path) ?? ({ flags: ts.SymbolFlags.Property, name: path } as unknown as ts.Symbol)
  paths.set(path, known)
  return known
}

/** What is known of the properties of a variable, by their names. */
export function propertiesIn(
  facts: ReadonlyMap<ts.Symbol, boolean>,
  owner: ts.Symbol,
): ReadonlyMap<string, boolean> {
  const own = pathSymbols.get(owner)
  const known = new Map<string, boolean>()
  if (own === undefined || facts.size === 0) return known
  for (const [path, symbol] of own) {
    const truth = facts.get(symbol)
    const name = path.slice(owner.name.length + 1)
    if (truth !== undefined && !name.includes('.')) known.set(name, truth)
  }
  return known
}

function isStable(declaration: ts.Declaration): boolean {
  if (ts.isParameter(declaration)) return true
  return ts.isVariableDeclaration(declaration) && (declaration.parent.flags & ts.NodeFlags.Const) !== 0
}

/** A field of `this` that nothing in its class assigns once the object is made. */
function isStableField(declaration: ts.Declaration): boolean {
  const known = stableFields.get(declaration)
  if (known !== undefined) return known
  const isStableOne = isNeverAssigned(declaration)
  stableFields.set(declaration, isStableOne)
  return isStableOne
}

const stableFields = new WeakMap<ts.Declaration, boolean>()

function isNeverAssigned(declaration: ts.Declaration): boolean {
  const owner = ts.findAncestor(declaration, ts.isClassLike)
  const name = ts.getNameOfDeclaration(declaration)?.getText()
  if (owner === undefined || name === undefined || !isField(declaration)) return false
  if ((ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly) !== 0) return true
  let isAssigned = false
  for (const member of owner.members) {
    if (ts.isConstructorDeclaration(member)) continue
    walk(member, (node) => {
      const target =
        ts.isBinaryExpression(node) && isAssignmentOperator(node.operatorToken.kind) ? node.left : undefined
      if (target !== undefined && receiverText(target) === `this.${name}`) isAssigned = true
      return undefined
    })
  }
  return !isAssigned
}

function isField(declaration: ts.Declaration): boolean {
  return (
    ts.isPropertyDeclaration(declaration) ||
    (ts.isParameter(declaration) && ts.isParameterPropertyDeclaration(declaration, declaration.parent))
  )
}

export function withFact(
  facts: ReadonlyMap<ts.Symbol, boolean>,
  symbol: ts.Symbol,
  truth: boolean | undefined,
): ReadonlyMap<ts.Symbol, boolean> {
  const next = new Map(facts)
  next.delete(symbol)
  if (truth !== undefined) {
    const oldest = next.size >= maxFacts ? next.keys().next().value : undefined
    if (oldest !== undefined) next.delete(oldest)
    next.set(symbol, truth)
  }
  return next
}

export function literalTruth(expression: ts.Expression): boolean | undefined {
  const bare = unwrapExpression(expression)
  if (bare.kind === ts.SyntaxKind.TrueKeyword) return true
  if (bare.kind === ts.SyntaxKind.FalseKeyword || isNullish(bare)) return false
  return undefined
}
