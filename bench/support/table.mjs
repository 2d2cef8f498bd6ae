const columns = ['work', 'ours', 'peer', 'measure', 'result', 'spread', 'reach', 'verdict']

/** The lines of all rows as one table of text. */
export function renderTable(lines) {
  const rows = lines.map((line) => [
    line.work,
    line.ours,
    line.peer,
    line.measure,
    `${digits(line.value)} ${line.unit}`,
    `${digits(line.low)} to ${digits(line.high)}`,
    line.reach ?? '',
    [line.verdict, line.note].filter(Boolean).join('; '),
  ])
  const widths = columns.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => row[index].length)),
  )
  const render = (cells) => `| ${cells.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [render(columns), rule, ...rows.map(render)].join('\n')
}

function digits(number) {
  return Math.abs(number) >= 100 ? String(Math.round(number)) : number.toFixed(2)
}
