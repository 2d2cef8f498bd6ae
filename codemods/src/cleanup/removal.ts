import ts from 'typescript'
import type { FileEdit } from './step'

/**
 * Takes a statement, member or other node that stands on lines of its own, with the comment right above it and one of the
 * blank lines around it; from a line that it shares, only itself.
 */
export function removeLines(node: ts.Node, options: { readonly keepComment?: boolean } = {}): FileEdit {
  const sourceFile = node.getSourceFile()
  const { text } = sourceFile
  const own = options.keepComment === true ? node.getStart(sourceFile) : startWithComment(node, sourceFile)
  const lineStart = text.lastIndexOf('\n', own - 1) + 1
  const after = /^[ \t]*(\/\/[^\n]*|\/\*(?:(?!\*\/)[^\n])*\*\/[ \t]*)?(\r?\n|$)/.exec(text.slice(node.end))
  const isAlone = text.slice(lineStart, own).trim() === '' && after !== null
  if (!isAlone)
    return { path: sourceFile.fileName, start: own, end: endOnSharedLine(text, node.end), text: '' }
  let start = lineStart
  let end = node.end + after[0].length
  const blankBefore = /(?:^|\n)([ \t]*\r?\n)$/.exec(text.slice(0, start))?.[1]
  const blankAfter = /^[ \t]*\r?\n/.exec(text.slice(end))?.[0]
  const opensBlock = blankBefore === undefined && (start === 0 || /[{([]\s*$/.test(text.slice(0, start)))
  const closesBlock = blankAfter === undefined && /^\s*([})\]]|$)/.test(text.slice(end))
  if (blankAfter !== undefined && (blankBefore !== undefined || opensBlock)) end += blankAfter.length
  else if (blankBefore !== undefined && closesBlock) start -= blankBefore.length
  return { path: sourceFile.fileName, start, end, text: '' }
}

function endOnSharedLine(text: string, end: number): number {
  return end + (/^[ \t]+(?=\S)/.exec(text.slice(end))?.[0].length ?? 0)
}

/** Where a node begins, or the block of comments right above it; a comment with a blank line below belongs to nobody. */
export function startWithComment(node: ts.Node, sourceFile: ts.SourceFile): number {
  const { text } = sourceFile
  let start = node.getStart(sourceFile)
  const comments = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []
  for (const comment of [...comments].reverse()) {
    const between = text.slice(comment.end, start)
    if (between.split('\n').length > 2) break
    // A comment behind other code on its line speaks of that code.
    const lineStart = text.lastIndexOf('\n', comment.pos - 1) + 1
    if (text.slice(lineStart, comment.pos).trim() !== '') break
    start = comment.pos
  }
  return start
}

/** Takes one element out of a list with the comma that belongs to it. */
export function removeElement(element: ts.Node, list: readonly ts.Node[]): FileEdit {
  const [edit] = removeElements([element], list)
  if (edit === undefined) throw new Error('the element is not in the list')
  return edit
}

/** Takes elements out of a list, neighbours in one piece, with the commas that belong to them. */
export function removeElements(gone: readonly ts.Node[], list: readonly ts.Node[]): readonly FileEdit[] {
  const edits: FileEdit[] = []
  for (let index = 0; index < list.length; index++) {
    const first = list[index]
    if (first === undefined || !gone.includes(first)) continue
    if (isOnOwnLine(first)) {
      edits.push(removeElementLine(first))
      continue
    }
    let end = index
    for (
      let next = list[end + 1];
      next !== undefined && gone.includes(next) && !isOnOwnLine(next);
      next = list[end + 1]
    )
      end++
    edits.push(removeRun(index, end, list))
    index = end
  }
  return edits
}

function removeRun(from: number, to: number, list: readonly ts.Node[]): FileEdit {
  const [first, last, next, previous] = [list[from], list[to], list[to + 1], list[from - 1]]
  if (first === undefined || last === undefined) throw new RangeError('an empty run')
  const { fileName: path } = first.getSourceFile()
  if (next !== undefined && !isOnOwnLine(next))
    return { path, start: first.getStart(), end: next.getStart(), text: '' }
  return { path, start: previous?.end ?? first.getStart(), end: last.end, text: '' }
}

function isOnOwnLine(node: ts.Node): boolean {
  return /(^|\n)[ \t]*$/.test(node.getSourceFile().text.slice(0, node.getStart()))
}

function removeElementLine(element: ts.Node): FileEdit {
  const sourceFile = element.getSourceFile()
  const { text } = sourceFile
  const comma = /^\s*,/.exec(text.slice(element.end))?.[0].length ?? 0
  if (comma === 0) return removeLines(element)
  const end = element.end + comma
  const rest = /^[ \t]*(\/\/[^\n]*)?(\r?\n)/.exec(text.slice(end))?.[0].length ?? 0
  const start = text.lastIndexOf('\n', startWithComment(element, sourceFile) - 1) + 1
  return { path: sourceFile.fileName, start, end: end + rest, text: '' }
}

/** Whether evaluating an expression can do nothing but give its value. */
export function isPure(expression: ts.Expression): boolean {
  if (
    ts.isIdentifier(expression) ||
    ts.isLiteralExpression(expression) ||
    ts.isFunctionExpression(expression) ||
    ts.isArrowFunction(expression) ||
    [
      ts.SyntaxKind.ThisKeyword,
      ts.SyntaxKind.TrueKeyword,
      ts.SyntaxKind.FalseKeyword,
      ts.SyntaxKind.NullKeyword,
    ].includes(expression.kind)
  )
    return true
  if (
    ts.isParenthesizedExpression(expression) ||
    ts.isAsExpression(expression) ||
    ts.isSatisfiesExpression(expression) ||
    ts.isNonNullExpression(expression) ||
    ts.isPropertyAccessExpression(expression) ||
    ts.isTypeOfExpression(expression) ||
    ts.isVoidExpression(expression)
  )
    return isPure(expression.expression)
  if (ts.isElementAccessExpression(expression))
    return isPure(expression.expression) && isPure(expression.argumentExpression)
  if (ts.isPrefixUnaryExpression(expression))
    return (
      ![ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(expression.operator) &&
      isPure(expression.operand)
    )
  if (ts.isBinaryExpression(expression))
    return expression.operatorToken.kind < ts.SyntaxKind.FirstAssignment ||
      expression.operatorToken.kind > ts.SyntaxKind.LastAssignment
      ? isPure(expression.left) && isPure(expression.right)
      : false
  if (ts.isConditionalExpression(expression))
    return [expression.condition, expression.whenTrue, expression.whenFalse].every(isPure)
  if ((ts.isCallExpression(expression) || ts.isNewExpression(expression)) && isHarmless(expression))
    return (expression.arguments ?? []).every(isPure)
  if (ts.isTemplateExpression(expression))
    return expression.templateSpans.every((span) => isPure(span.expression))
  if (ts.isArrayLiteralExpression(expression))
    return expression.elements.every((element) => !ts.isSpreadElement(element) && isPure(element))
  if (ts.isObjectLiteralExpression(expression)) {
    return expression.properties.every(
      (property) =>
        ts.isShorthandPropertyAssignment(property) ||
        ts.isMethodDeclaration(property) ||
        (ts.isPropertyAssignment(property) && isPure(property.initializer)),
    )
  }
  return false
}

const harmless = [
  'Number',
  'String',
  'Boolean',
  'parseInt',
  'parseFloat',
  'BigInt',
  'Symbol',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'Date',
]

/** Standard functions and classes that only make a value. */
function isHarmless({ expression }: ts.CallExpression | ts.NewExpression): boolean {
  return ts.isIdentifier(expression) && harmless.includes(expression.text)
}
