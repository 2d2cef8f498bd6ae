import { hiddenDependencyKinds, type HiddenDependency } from '../model/hidden-dependency'
import type { RunReport } from '../model/site'
import type { Paint } from './paint'

const titles: Readonly<Record<HiddenDependency['kind'], string>> = {
  'nested-acquire': 'takes a second connection while it holds one: a small pool deadlocks',
  'shared-by-concurrent-awaits':
    'one connection in several branches at once: statements queue, a transaction mixes',
  'unawaited-scope': 'a scoped call that nobody waits for',
  'module-state': 'a connection kept in module state',
  listen: 'LISTEN needs a session of its own',
  escape: 'a connection that leaves the function that took it',
}

const most = 5

/** By kind, a few places each: the whole list is in the JSON and on the page. */
export function renderHidden({ packages }: Pick<RunReport, 'packages'>, paint: Paint): string[] {
  const all = packages.flatMap((entry) => entry.hiddenDependencies ?? [])
  if (all.length === 0) return []
  const lines = ['', paint.bold(`Hidden dependencies (${String(all.length)})`)]
  for (const kind of hiddenDependencyKinds) {
    const found = all.filter((one) => one.kind === kind)
    if (found.length === 0) continue
    lines.push(`  ${kind} (${String(found.length)}): ${titles[kind]}`)
    for (const { file, line, column, summary } of found.slice(0, most))
      lines.push(paint.dim(`    ${file}:${String(line)}:${String(column)} ${summary}`))
    if (found.length > most) lines.push(paint.dim(`    and ${String(found.length - most)} more`))
  }
  return lines
}
