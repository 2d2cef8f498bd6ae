import type { Inventory, PackageInventory, VerdictCounts } from '../report/model'
import type { PackageReport, RunReport } from '@pgferry/codemods'

export type { RunReport } from '@pgferry/codemods'

/** The table of `pgferry scan`: sites of each package by verdict and shape. */
export function toInventory(report: RunReport): Inventory {
  return {
    packages: report.packages
      .filter(({ sites, path }) => path !== '.' || sites.length > 0)
      .map(toPackageInventory),
  }
}

export function toPackageInventory({ name, files, sites }: PackageReport): PackageInventory {
  const verdicts: Record<keyof VerdictCounts, number> = { rewritable: 0, manual: 0, leak: 0, already: 0 }
  // A site that was rewritten just now counts as what it is from now on.
  for (const { verdict } of sites) verdicts[verdict === 'rewritten' ? 'already' : verdict] += 1
  return {
    name: name.replace(/^@legacy-app\//, ''),
    files,
    verdicts,
    shapes: countBy(sites, ({ shape }) => shape),
  }
}

/** How often each answer comes, the most frequent first. */
export function countBy<T>(
  items: readonly T[],
  answer: (item: T) => string | undefined,
): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const key = answer(item)
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)))
}
