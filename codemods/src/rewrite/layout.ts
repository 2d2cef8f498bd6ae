import { ts } from 'ts-morph'
import type { TextEdit } from '../model/text-edit'

/** Line breaks and indentation of a file as it is; rewriters add nothing in another style. */
export interface Layout {
  readonly newLine: '\n' | '\r\n'
  /** Indentation of the line that a node begins on. */
  indentOf(node: ts.Node): string
  /** Edits that move the lines that begin inside `[start, end)` one step right, or left by the given indentation. */
  indentLines(start: number, end: number, unit: string): readonly TextEdit[]
  dedentLines(start: number, end: number, unit: string): readonly TextEdit[]
}

export function layoutOf(sourceFile: ts.SourceFile): Layout {
  const { text } = sourceFile
  const isBegun = lineInsideTemplate(sourceFile)
  const linesIn = (start: number, end: number): number[] =>
    sourceFile
      .getLineStarts()
      .filter((line) => line > start && line < end && !isBegun(line) && !isBlank(text, line))
  return {
    newLine: text.includes('\r\n') ? '\r\n' : '\n',
    indentOf: (node) => {
      const start = node.getStart(sourceFile)
      const line = sourceFile.getLineStarts()[sourceFile.getLineAndCharacterOfPosition(start).line] ?? 0
      return /^[ \t]*/.exec(text.slice(line, start))?.[0] ?? ''
    },
    indentLines: (start, end, unit) =>
      linesIn(start, end).map((line) => ({ start: line, end: line, text: unit })),
    dedentLines: (start, end, unit) =>
      linesIn(start, end).flatMap((line) => {
        const length = commonPrefix(text.slice(line, line + unit.length), unit)
        return length === 0 ? [] : [{ start: line, end: line + length, text: '' }]
      }),
  }
}

/** One step of indentation: what the first statement of a block has more than the block's own line. */
export function indentUnit(block: ts.Block, layout: Layout): string {
  const [first] = block.statements
  const outer = layout.indentOf(block)
  const inner = first === undefined ? '' : layout.indentOf(first)
  if (inner.length > outer.length && inner.startsWith(outer)) return inner.slice(outer.length)
  return outer.includes('\t') ? '\t' : '  '
}

/** Lines that begin inside a template literal are text, not layout. */
function lineInsideTemplate(sourceFile: ts.SourceFile): (position: number) => boolean {
  const ranges: (readonly [number, number])[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateLiteralToken(node) || ts.isJsxText(node))
      ranges.push([node.getStart(sourceFile), node.end])
    ts.forEachChild(node, visit)
  }
  visit(sourceFile)
  return (position) => ranges.some(([start, end]) => position > start && position < end)
}

function isBlank(text: string, line: number): boolean {
  return /^[ \t]*(\r?\n|$)/.test(text.slice(line, text.indexOf('\n', line) + 1 || undefined))
}

function commonPrefix(a: string, b: string): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1
  return length
}

/** First and last character of what stands between the braces of a block, comments included. */
export function contentOf(block: ts.Block): { start: number; end: number } | undefined {
  const { text } = block.getSourceFile()
  const open = block.getStart() + 1
  const close = block.end - 1
  const inner = text.slice(open, close)
  if (inner.trim() === '') return undefined
  return {
    start: open + (inner.length - inner.trimStart().length),
    end: close - (inner.length - inner.trimEnd().length),
  }
}
