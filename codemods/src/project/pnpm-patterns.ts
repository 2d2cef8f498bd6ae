/**
 * The `packages:` list of a pnpm-workspace.yaml: a block or flow sequence of plain or quoted strings. Anchors, multi-line strings and the
 * like have no place in such a list and are not read.
 */
export function pnpmPatterns(yaml: string): string[] {
  const lines = yaml.replace(/^\uFEFF/, '').split(/\r?\n/)
  const start = lines.findIndex((line) => keyOfList.test(line))
  if (start === -1) return []
  const rest = (lines[start] ?? '').replace(keyOfList, '')
  if (rest.trimStart().startsWith('[')) return flowItems([rest, ...lines.slice(start + 1)].join('\n'))
  const patterns: string[] = []
  for (const line of lines.slice(start + 1)) {
    const item = /^\s*-\s+(.*)$/.exec(line)
    if (item !== null) patterns.push(unquote(item[1] ?? ''))
    else if (/^\S/.test(line) && !line.startsWith('#')) break
  }
  return patterns.filter(Boolean)
}

const keyOfList = /^(['"]?)packages\1\s*:/

/** `[a, "b", 'c, d']`, over any number of lines. */
function flowItems(text: string): string[] {
  const withoutComments = text.replace(/(^|\s)#.*$/gm, '')
  const inside = withoutComments
    .slice(withoutComments.indexOf('[') + 1)
    .replace(/^((?:'[^']*'|"[^"]*"|[^'"\]])*)\][^]*$/, '$1')
  return (inside.match(/'[^']*'|"[^"]*"|[^,\s][^,]*/g) ?? []).map(unquote).filter(Boolean)
}

function unquote(item: string): string {
  const trimmed = item.trim()
  const quoted = /^(['"])(.*?)\1/.exec(trimmed)
  return quoted !== null ? (quoted[2] ?? '') : trimmed.replace(/\s+#.*$/, '')
}
