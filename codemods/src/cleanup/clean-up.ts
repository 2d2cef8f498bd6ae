import { toRelative } from '../project/find-workspace'
import type { Workspace, WorkspacePackage } from '../project/workspace'
import {
  cleanupAdvice,
  type CleanupPackageReport,
  type CleanupRefusal,
  type CleanupRemoval,
  type CleanupReport,
} from '../model/cleanup'
import { cleanManifests, type ManifestChange } from './clean-manifests'
import type { CleanupChange } from './cleanup-change'
import type { CleanupPackage, CleanupWorkspace } from './load-workspace'
import { loadWorkspace } from './load-workspace'
import type { CleanupKnowledge, CleanupPlan } from './plan-cleanup'
import { planCleanup } from './plan-cleanup'

export interface CleanedUp {
  readonly report: CleanupReport
  readonly changes: readonly CleanupChange[]
  readonly notes: readonly string[]
}

/**
 * What a clean-up of the selected packages changes. Reads files, writes nothing.
 *
 * @throws CodemodError `SOURCE_SYNTAX`, `READ_FAILED`.
 */
export function cleanUp(
  workspace: Workspace,
  selected: readonly WorkspacePackage[],
  knowledge: CleanupKnowledge,
): CleanedUp {
  const loaded = loadWorkspace(workspace, selected)
  const plan = planCleanup(loaded, knowledge)
  const manifests = cleanManifests(loaded, plan.texts)
  const changes = [...sourceChanges(loaded, plan), ...manifests.map(({ change }) => change)]
  const packages = loaded.packages
    .filter(({ isSelected }) => isSelected)
    .map((entry) => reportOf(entry, plan, { manifests, changes, root: loaded.root }))
  const sum = (count: (entry: CleanupPackageReport) => number): number =>
    packages.reduce((total, entry) => total + count(entry), 0)
  const report: CleanupReport = {
    schemaVersion: 1,
    command: 'cleanup',
    root: '.',
    packages,
    totals: {
      edited: sum(({ edited }) => edited.length),
      deleted: sum(({ deleted }) => deleted.length),
      refused: sum(({ refusals }) => refusals.length),
    },
  }
  const errors = plan.existingErrors
  const notes =
    errors === 0
      ? []
      : [`${String(errors)} type error${errors === 1 ? ' was' : 's were'} there before; none was added`]
  return { report, changes, notes }
}

function sourceChanges(
  { packages, texts: before, root }: CleanupWorkspace,
  { texts }: CleanupPlan,
): CleanupChange[] {
  return packages.flatMap(({ target, files }) =>
    files.flatMap((path) => {
      const old = before.get(path)
      if (old === undefined || !texts.isChanged(path)) return []
      const now = texts.text(path)
      return [
        {
          package: target.name,
          path: toRelative(root, path),
          before: Buffer.from(old),
          after: now === undefined ? null : Buffer.from(now),
        },
      ]
    }),
  )
}

function reportOf(
  { target, directory }: CleanupPackage,
  plan: CleanupPlan,
  {
    manifests,
    changes,
    root,
  }: {
    readonly manifests: readonly ManifestChange[]
    readonly changes: readonly CleanupChange[]
    readonly root: string
  },
): CleanupPackageReport {
  const isOwn = ({ path }: { readonly path: string }): boolean => path.startsWith(`${directory}/`)
  const placeOf = (path: string, start: number): { file: string; line: number; column: number } => ({
    file: toRelative(root, path),
    ...plan.texts.positionInOriginal(path, start),
  })
  const removals: CleanupRemoval[] = plan.done
    .filter(isOwn)
    .map(({ kind, what, path, originalStart }) => ({ kind, what, ...placeOf(path, originalStart) }))
  const refusals: CleanupRefusal[] = plan.refusals.filter(isOwn).map(({ reason, what, path, start }) => ({
    reason,
    what,
    advice: cleanupAdvice[reason],
    ...placeOf(path, start),
  }))
  const own = changes.filter((change) => change.package === target.name)
  return {
    name: target.name,
    path: target.path,
    edited: own.filter(({ after }) => after !== null).map(({ path }) => path),
    deleted: own.filter(({ after }) => after === null).map(({ path }) => path),
    removals: [
      ...removals,
      ...manifests.filter(({ change }) => change.package === target.name).flatMap(({ removals: own }) => own),
    ],
    refusals: byPlace(refusals),
  }
}

function byPlace(refusals: readonly CleanupRefusal[]): CleanupRefusal[] {
  const unique = new Map(
    refusals.map((one) => [`${one.file}:${String(one.line)}:${String(one.column)}:${one.reason}`, one]),
  )
  return [...unique.values()].sort((a, b) =>
    a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1,
  )
}
