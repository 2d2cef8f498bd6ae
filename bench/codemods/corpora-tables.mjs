// The tables of the corpora: what was found and rewritten by package, by shape, and what is left by reason.

/** @param results `{ name, version, sources, sites, found, missed, unknown }` for each corpus */
export function renderCorpora(results) {
  const rows = results.map(({ name, version, sources, sites, found, missed, unknown }) => [
    `${name} ${version}`,
    sources,
    sites.length,
    found.length,
    missed.length,
    unknown.length,
    ...rewrittenAndRest(sites),
  ])
  const titles = [
    'package',
    'read as',
    'sites',
    'known: found',
    'known: missed',
    'not known',
    'rewritten',
    'rest',
  ]
  return [
    render(titles, [...rows, total(rows)]),
    ...listPlaces('missed', results),
    ...listPlaces('unknown', results),
  ].join('\n')
}

export function renderShapes(sites) {
  const rows = [...groupBy(sites, ({ shape }) => shape)].map(([shape, group]) => [
    shape,
    group.length,
    ...rewrittenAndRest(group),
  ])
  return render(['shape', 'sites', 'rewritten', 'rest'], [...bySize(rows), total(rows)])
}

export function renderRest(sites) {
  const rest = sites.filter((site) => !isRewritten(site))
  const groups = groupBy(rest, ({ dialect, api, reason }) => [dialect, api, reason].join('\n'))
  const rows = [...groups].map(([key, group]) => [...key.split('\n'), group.length])
  return render(['dialect', 'api', 'reason', 'rest'], [...bySize(rows), total(rows)])
}

export function isRewritten({ verdict }) {
  return verdict === 'rewritten'
}

function rewrittenAndRest(sites) {
  const rewritten = sites.filter(isRewritten).length
  return [rewritten, sites.length - rewritten]
}

const explanations = {
  missed: 'takes a connection and is not reported',
  unknown: 'reported, and not in the list of known sites',
}

function listPlaces(kind, results) {
  return results.flatMap((result) =>
    result[kind].map((place) => `${result.name} ${place}: ${explanations[kind]}`),
  )
}

function groupBy(sites, keyOf) {
  const groups = new Map()
  for (const site of sites) groups.set(keyOf(site), [...(groups.get(keyOf(site)) ?? []), site])
  return groups
}

/** By the first number of each row. */
function bySize(rows) {
  const sizeOf = (row) => row.find((cell) => typeof cell === 'number')
  return [...rows].sort((one, other) => sizeOf(other) - sizeOf(one))
}

function total(rows) {
  const [first = []] = rows
  return first.map((cell, index) => {
    if (typeof cell === 'number') return rows.reduce((sum, row) => sum + row[index], 0)
    return index === 0 ? 'all' : ''
  })
}

function render(titles, rows) {
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => String(row[index]).length)),
  )
  const line = (cells) =>
    `| ${cells
      .map((cell, index) =>
        typeof cell === 'number' ? String(cell).padStart(widths[index]) : cell.padEnd(widths[index]),
      )
      .join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(titles), rule, ...rows.map(line)].join('\n')
}
