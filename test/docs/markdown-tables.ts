/** A table of a Markdown page; cells without the blanks around them, escaped bars unescaped. */
export interface MarkdownTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** All tables of a page, in order. */
export function readTables(text: string): readonly MarkdownTable[] {
  const tables: { head: string[]; rows: string[][] }[] = []
  let isInside = false
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) {
      isInside = false
      continue
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'))
    if (!isInside) tables.push({ head: cells, rows: [] })
    else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) tables.at(-1)?.rows.push(cells)
    isInside = true
  }
  return tables
}
