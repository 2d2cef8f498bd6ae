import ts from 'typescript'
import { unwrapExpression, walk } from '../analysis/syntax/syntax'
import type { FlagRule } from '../project/define-config'
import type { CleanupContext } from './context'
import { flagRootOf, isQuietCheck, textOf } from './flag-roots'
import { isPure } from './removal'

/** What an expression is worth once every flag is where it will stay. */
export type FlagValue =
  { readonly kind: 'boolean'; readonly value: boolean } | { readonly kind: 'text'; readonly isOn: boolean }

const onWords: readonly string[] = ['1', 'true', 'on', 'yes', 'enabled', '100']
const offWords: readonly string[] = ['0', 'false', 'off', 'no', 'disabled', '']
/** Methods of a text that leave it as on or off as it was. */
const textMethods: readonly string[] = ['toLowerCase', 'toUpperCase', 'trim', 'toString']

/** Works out expressions that hang on flags alone; undefined for everything else. */
export class FlagValues {
  /** Names of constants that earlier steps may have made: all others need no look at their declaration. */
  readonly #constants: ReadonlySet<string>
  readonly #words: readonly string[]

  constructor(
    private readonly rules: readonly FlagRule[],
    private readonly context: CleanupContext,
  ) {
    this.#constants = constantNames(context)
    this.#words = [...rules.map(wordOf), ...this.#constants]
  }

  /** Whether a file can hold anything that hangs on a flag. */
  mayOccurIn(file: ts.SourceFile): boolean {
    return this.#words.some((word) => file.text.includes(word))
  }

  isRoot(node: ts.Node): boolean {
    return flagRootOf(node, this.rules, this.context) !== undefined
  }

  /** The boolean that an expression always is, as a condition at least. */
  booleanOf(expression: ts.Expression): boolean | undefined {
    const value = this.valueOf(expression, 0)
    if (value === undefined) return undefined
    return value.kind === 'boolean' ? value.value : value.isOn
  }

  valueOf(expression: ts.Expression, depth: number): FlagValue | undefined {
    if (depth > 20) return undefined
    const bare = unwrapExpression(expression)
    const root = flagRootOf(bare, this.rules, this.context)
    if (root !== undefined) {
      if (!isQuietCheck(bare)) return undefined
      return root.isText ? { kind: 'text', isOn: root.rule.value } : boolean(root.rule.value)
    }
    if (ts.isAwaitExpression(bare))
      return this.valueOf(bare.expression, depth + 1) ?? this.#called(bare.expression, depth, true)
    if (ts.isPrefixUnaryExpression(bare) && bare.operator === ts.SyntaxKind.ExclamationToken) {
      const operand = this.valueOf(bare.operand, depth + 1)
      return operand === undefined ? undefined : boolean(!isOn(operand))
    }
    if (ts.isBinaryExpression(bare)) return this.#binary(bare, depth)
    if (ts.isConditionalExpression(bare)) {
      const condition = this.valueOf(bare.condition, depth + 1)
      if (condition === undefined) return undefined
      const kept = isOn(condition) ? bare.whenTrue : bare.whenFalse
      return literalOf(kept) ?? this.valueOf(kept, depth + 1)
    }
    if (ts.isCallExpression(bare)) return this.#method(bare, depth) ?? this.#called(bare, depth, false)
    if (ts.isIdentifier(bare) || ts.isPropertyAccessExpression(bare)) return this.#declared(bare)
    return undefined
  }

  #binary(expression: ts.BinaryExpression, depth: number): FlagValue | undefined {
    const { left, right, operatorToken } = expression
    const values = [this.valueOf(left, depth + 1), this.valueOf(right, depth + 1)] as const
    const [first, second] = values
    if (first === undefined && second === undefined) return undefined
    switch (operatorToken.kind) {
      case ts.SyntaxKind.AmpersandAmpersandToken:
        if (first !== undefined) return isOn(first) ? (second ?? literalOf(right)) : first
        return second !== undefined && !isOn(second) && isPure(left) && second.kind === 'boolean'
          ? second
          : undefined
      case ts.SyntaxKind.BarBarToken:
        if (first !== undefined) return isOn(first) ? first : (second ?? literalOf(right))
        return second !== undefined && isOn(second) && isPure(left) && this.#isBoolean(left)
          ? second
          : undefined
      case ts.SyntaxKind.QuestionQuestionToken:
        return first
      case ts.SyntaxKind.EqualsEqualsEqualsToken:
      case ts.SyntaxKind.EqualsEqualsToken:
        return this.#equality(first ?? second, first === undefined ? left : right, false)
      case ts.SyntaxKind.ExclamationEqualsEqualsToken:
      case ts.SyntaxKind.ExclamationEqualsToken:
        return this.#equality(first ?? second, first === undefined ? left : right, true)
      default:
        return undefined
    }
  }

  #isBoolean(expression: ts.Expression): boolean {
    return isBooleanType(expression, this.context)
  }

  #equality(value: FlagValue | undefined, other: ts.Expression, isNegated: boolean): FlagValue | undefined {
    if (value === undefined) return undefined
    const isEqual =
      value.kind === 'boolean' ? equalsBoolean(value.value, other) : this.#equalsText(value.isOn, other)
    return isEqual === undefined ? undefined : boolean(isEqual !== isNegated)
  }

  #equalsText(isOnText: boolean, other: ts.Expression): boolean | undefined {
    const bare = unwrapExpression(other)
    if (isNothing(bare)) return isOnText ? false : undefined
    const word = textOf(bare, this.context, 0)?.toLowerCase()
    if (word === undefined) return undefined
    if (onWords.includes(word)) return isOnText
    return offWords.includes(word) && isOnText
      ? false
      : offWords.includes(word) && word !== ''
        ? true
        : undefined
  }

  /** `Boolean(x)`, `x.trim()`, `['1', 'true'].includes(x)`. */
  #method(call: ts.CallExpression, depth: number): FlagValue | undefined {
    const callee = unwrapExpression(call.expression)
    const [argument] = call.arguments
    if (ts.isIdentifier(callee)) {
      const value =
        callee.text === 'Boolean' && argument !== undefined ? this.valueOf(argument, depth + 1) : undefined
      return value === undefined ? undefined : boolean(isOn(value))
    }
    if (!ts.isPropertyAccessExpression(callee)) return undefined
    if (textMethods.includes(callee.name.text) && argument === undefined) {
      const value = this.valueOf(callee.expression, depth + 1)
      return value?.kind === 'text' ? value : undefined
    }
    const list = unwrapExpression(callee.expression)
    if (callee.name.text !== 'includes' || argument === undefined || !ts.isArrayLiteralExpression(list))
      return undefined
    const value = this.valueOf(argument, depth + 1)
    const words = list.elements.map((element) => textOf(element, this.context, 0)?.toLowerCase())
    if (value?.kind !== 'text' || words.includes(undefined)) return undefined
    const hasOn = words.some((word) => onWords.includes(word ?? ''))
    const hasOff = words.some((word) => offWords.includes(word ?? ''))
    return hasOn === hasOff ? undefined : boolean(hasOn === value.isOn)
  }

  /** A call of a function that earlier steps left with nothing but a constant to return. */
  #called(expression: ts.Expression, depth: number, isAwaited: boolean): FlagValue | undefined {
    const call = unwrapExpression(expression)
    if (!ts.isCallExpression(call) || !call.arguments.every(isPure) || depth > 20) return undefined
    const callee = unwrapExpression(call.expression)
    if (!ts.isIdentifier(callee) && !ts.isPropertyAccessExpression(callee)) return undefined
    const name = ts.isIdentifier(callee) ? callee : callee.name
    if (!this.#constants.has(name.text)) return undefined
    const declaration = this.context.symbolOf(name)?.valueDeclaration
    const fn = declaration === undefined ? undefined : functionOf(declaration)
    if (declaration === undefined || fn?.body === undefined) return undefined
    const isAsync = fn.modifiers?.some((one) => one.kind === ts.SyntaxKind.AsyncKeyword) === true
    if (isAsync && !isAwaited) return undefined
    const returned = ts.isBlock(fn.body) ? onlyReturn(fn.body) : fn.body
    return returned !== undefined && this.#isOurs(declaration) ? literalOf(returned) : undefined
  }

  /** A constant that earlier steps left with a literal. */
  #declared(expression: ts.Identifier | ts.PropertyAccessExpression): FlagValue | undefined {
    const name = ts.isIdentifier(expression) ? expression : expression.name
    if (!this.#constants.has(name.text)) return undefined
    const declaration = this.context.symbolOf(name)?.valueDeclaration
    if (declaration === undefined || declaration === name.parent) return undefined
    const isConstant =
      (ts.isVariableDeclaration(declaration) &&
        (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0) ||
      (ts.isPropertyDeclaration(declaration) && isReadOnly(declaration))
    if (!isConstant || declaration.initializer === undefined || !this.#isOurs(declaration)) return undefined
    return literalOf(declaration.initializer)
  }

  /** Whether a step made it what it is: a constant that people wrote is none of ours. */
  #isOurs(declaration: ts.Node): boolean {
    const text = this.context.texts.originalText(declaration.getSourceFile().fileName)
    return text?.includes(declaration.getText()) === false
  }
}

/** The part of a rule without which nothing can match it. */
function wordOf(rule: FlagRule): string {
  if ('call' in rule) return rule.call
  if ('env' in rule) return rule.env.split('*')[0] ?? ''
  return /[\w$]+$/.exec(rule.expression)?.[0] ?? ''
}

/** Names that changed files declare and that a literal, or a function of nothing but a literal, stands behind. */
function constantNames(context: CleanupContext): ReadonlySet<string> {
  const names = new Set<string>()
  for (const file of context.files()) {
    if (!context.texts.isChanged(file.fileName)) continue
    walk(file, (node) => {
      const isNamed =
        ts.isVariableDeclaration(node) ||
        ts.isPropertyDeclaration(node) ||
        ts.isFunctionDeclaration(node) ||
        ts.isMethodDeclaration(node)
      if (isNamed && node.name !== undefined && /\b(true|false)\b/.test(node.getText()))
        names.add(node.name.getText())
      return undefined
    })
  }
  return names
}

/** Whether an expression is of type boolean, so that `x && true` is x. */
export function isBooleanType(expression: ts.Expression, context: CleanupContext): boolean {
  const type = context.checker.getTypeAtLocation(expression)
  return (type.flags & (ts.TypeFlags.Boolean | ts.TypeFlags.BooleanLiteral)) !== 0
}

/** The body of a function, method or constant function that nobody can override. */
function functionOf(declaration: ts.Node): ts.FunctionLikeDeclaration | undefined {
  if (ts.isFunctionDeclaration(declaration))
    return declaration.asteriskToken === undefined ? declaration : undefined
  if (ts.isMethodDeclaration(declaration)) return isPrivate(declaration) ? declaration : undefined
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) return undefined
  const bare = unwrapExpression(declaration.initializer)
  const isConst = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
  return isConst && (ts.isArrowFunction(bare) || ts.isFunctionExpression(bare)) ? bare : undefined
}

export function isPrivate(member: ts.ClassElement): boolean {
  return (
    (member.name !== undefined && ts.isPrivateIdentifier(member.name)) ||
    (ts.canHaveModifiers(member) &&
      ts.getModifiers(member)?.some((one) => one.kind === ts.SyntaxKind.PrivateKeyword) === true)
  )
}

function isReadOnly(property: ts.PropertyDeclaration): boolean {
  return property.modifiers?.some((one) => one.kind === ts.SyntaxKind.ReadonlyKeyword) === true
}

function onlyReturn(body: ts.Block): ts.Expression | undefined {
  const [statement] = body.statements
  return body.statements.length === 1 && statement !== undefined && ts.isReturnStatement(statement)
    ? statement.expression
    : undefined
}

function literalOf(expression: ts.Expression): FlagValue | undefined {
  const { kind } = unwrapExpression(expression)
  if (kind === ts.SyntaxKind.TrueKeyword) return boolean(true)
  return kind === ts.SyntaxKind.FalseKeyword ? boolean(false) : undefined
}

function equalsBoolean(value: boolean, other: ts.Expression): boolean | undefined {
  const literal = literalOf(other)
  if (literal?.kind === 'boolean') return literal.value === value
  return isNothing(unwrapExpression(other)) ? false : undefined
}

function isNothing(expression: ts.Expression): boolean {
  return (
    expression.kind === ts.SyntaxKind.NullKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'undefined')
  )
}

function boolean(value: boolean): FlagValue {
  return { kind: 'boolean', value }
}

function isOn(value: FlagValue): boolean {
  return value.kind === 'boolean' ? value.value : value.isOn
}
