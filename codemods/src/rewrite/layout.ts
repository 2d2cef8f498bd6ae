import type ts from 'typescript'

/** Line breaks and indentation of a file as it is; rewriters add nothing in another style. */
export interface Layout {
  readonly newLine: '\n' | '\r\n'
  /** Indentation of the line that a node begins on. */
  indentOf(node: ts.Node): string
}

export function layoutOf(sourceFile: ts.SourceFile): Layout {
  const { text } = sourceFile
  return {
    newLine: text.includes('\r\n') ? '\r\n' : '\n',
    indentOf: (node) => {
      const start = node.getStart(sourceFile)
      const line = sourceFile.getLineStarts()[sourceFile.getLineAndCharacterOfPosition(start).line] ?? 0
      return /^[ \t]*/.exec(text.slice(line, start))?.[0] ?? ''
    },
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

/** One step of indentation of a file: the first line that stands deeper than the one before it tells. */
export function unitOf(sourceFile: ts.SourceFile): string {
  const { text } = sourceFile
  let before = 0
  for (const [, blanks = ''] of text.matchAll(/^([ \t]*)[^\s*/]/gm)) {
    if (blanks.length > before) return blanks.includes('\t') ? '\t' : blanks.slice(before)
    before = blanks.length
  }
  return '  '
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
