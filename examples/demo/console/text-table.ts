/** A table for a terminal or a pipe: columns padded, numbers to the right. Pure. */
export function renderTextTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const texts = rows.map((row) => row.map(String))
  const widths = head.map((title, index) =>
    Math.max(title.length, ...texts.map((row) => (row[index] ?? '').length)),
  )
  const isNumber = head.map(
    (_, index) => rows.length > 0 && rows.every((row) => typeof row[index] === 'number'),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) =>
        isNumber[index] === true ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...texts.map(line)]
    .map((row) => `  ${row}`)
    .join('\n')
}
