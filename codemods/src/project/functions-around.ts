import ts from 'typescript'

/** The functions around an offset, the innermost first: the text alone is asked, no types. */
export function functionsAround(
  path: string,
  text: string,
  offset: number,
): readonly { readonly start: number; readonly end: number }[] {
  const sourceFile = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const found: { readonly start: number; readonly end: number }[] = []
  const visit = (node: ts.Node): void => {
    const start = node.getStart(sourceFile)
    if (offset < start || offset > node.end) return
    if (ts.isFunctionLike(node)) found.unshift({ start, end: node.end })
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(sourceFile, visit)
  return found
}
