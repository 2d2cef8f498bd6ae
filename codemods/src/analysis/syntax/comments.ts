import ts from 'typescript'

export interface Comment {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Comments between two offsets, found by the scanner: nothing inside strings or templates is mistaken for one. */
export function commentsBetween(sourceFile: ts.SourceFile, start: number, end: number): readonly Comment[] {
  // most code has none, which its characters show sooner
  if (!/\/[/*]/.test(sourceFile.text.slice(start, end))) return []
  const comments = new Map<number, Comment>()
  const collect = (node: ts.Node): void => {
    if (node.end < start || node.pos > end) return
    const { text } = sourceFile
    for (const range of [
      ...(ts.getLeadingCommentRanges(text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
    ]) {
      if (range.pos >= start && range.end <= end)
        comments.set(range.pos, { start: range.pos, end: range.end, text: text.slice(range.pos, range.end) })
    }
    for (const child of node.getChildren(sourceFile)) collect(child)
  }
  collect(sourceFile)
  return [...comments.values()].sort((a, b) => a.start - b.start)
}

/** Whether a comment stands between the beginning of a node and an offset. */
export function hasComment(node: ts.Node, end: number): boolean {
  return commentsBetween(node.getSourceFile(), node.getStart(), end).length > 0
}
