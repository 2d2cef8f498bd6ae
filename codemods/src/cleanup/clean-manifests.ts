import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import type { CleanupRemoval } from '../model/cleanup'
import { applyTextEdits } from '../model/text-edit'
import { toRelative } from '../project/find-workspace'
import type { CleanupChange } from './cleanup-change'
import type { CleanupPackage, CleanupWorkspace } from './load-workspace'
import { withoutDependencies, type Manifest } from './manifest'
import type { WorkspaceTexts } from './workspace-texts'

export interface ManifestChange {
  readonly change: CleanupChange
  readonly removals: readonly CleanupRemoval[]
}

/** Takes dependencies out of package.json files that sources imported before the clean-up and that none imports after it. */
export function cleanManifests(
  workspace: CleanupWorkspace,
  texts: WorkspaceTexts,
): readonly ManifestChange[] {
  const own = workspace.packages
    .filter(({ isSelected }) => isSelected)
    .flatMap((entry) =>
      entry.manifest === undefined ? [] : [cleanOne(entry.manifest, entry, entry.files, workspace, texts)],
    )
  return [...own, cleanRoot(workspace, texts)].filter((change) => change !== undefined)
}

/** The manifest above the packages belongs to all of them: it changes when all were named. */
function cleanRoot(workspace: CleanupWorkspace, texts: WorkspaceTexts): ManifestChange | undefined {
  const { packages, root } = workspace
  const above = packages.find(({ directory }) => directory === root)
  const below = packages.filter((entry) => entry !== above)
  if (above?.manifest === undefined || above.isSelected || below.length === 0) return undefined
  if (!below.every(({ isSelected }) => isSelected)) return undefined
  const [owner = above] = below
  return cleanOne(
    above.manifest,
    owner,
    packages.flatMap((entry) => entry.files),
    workspace,
    texts,
  )
}

function cleanOne(
  manifest: Manifest,
  entry: CleanupPackage,
  files: readonly string[],
  { root, texts: before }: CleanupWorkspace,
  texts: WorkspaceTexts,
): ManifestChange | undefined {
  const used = modulesOf(files.flatMap((path) => texts.text(path) ?? []))
  const usedBefore = modulesOf(files.flatMap((path) => before.get(path) ?? []))
  const settings = manifest.otherText + settingsOf(dirname(manifest.path), entry.tsconfigPath)
  const isGone = (name: string): boolean =>
    usedBefore.has(name) && !used.has(name) && !settings.includes(name) && !isPeerOfOurs(name, used)
  const gone = manifest.dependencies.filter(isGone)
  const typesGone = manifest.dependencies.filter((name) => gone.some((one) => name === typesPackageOf(one)))
  const names = [...gone, ...typesGone]
  const edits = withoutDependencies(manifest.text, names)
  if (edits.length === 0) return undefined
  const after = applyTextEdits(manifest.text, edits)
  JSON.parse(after.replace(/^\uFEFF/, ''))
  const file = toRelative(root, manifest.path)
  return {
    change: {
      package: entry.target.name,
      path: file,
      before: Buffer.from(manifest.text),
      after: Buffer.from(after),
    },
    removals: names.map((what) => ({
      kind: 'dependency',
      what,
      file,
      line: manifest.text.slice(0, manifest.text.indexOf(`"${what}"`)).split('\n').length,
      column: 1,
    })),
  }
}

/** The service takes its driver from whoever installs it. */
function isPeerOfOurs(name: string, used: ReadonlySet<string>): boolean {
  return name === 'pg' && used.has('pgferry')
}

function typesPackageOf(name: string): string {
  return `@types/${name.startsWith('@') ? name.slice(1).replace('/', '__') : name}`
}

/** Names of packages that texts import, require or name as types. */
function modulesOf(texts: readonly string[]): Set<string> {
  const names = texts.flatMap((text) => {
    const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(text, true, true)
    return [...importedFiles, ...typeReferenceDirectives].map(({ fileName }) => fileName)
  })
  return new Set(
    names
      .filter((name) => !name.startsWith('.'))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  )
}

/** Settings in which a package may be named without being imported. */
function settingsOf(folder: string, tsconfigPath: string | undefined): string {
  const names = ['.eslintrc.json', '.eslintrc', '.babelrc', '.swcrc', '.mocharc.json', 'knip.json']
  return [...names.map((name) => join(folder, name)), ...(tsconfigPath === undefined ? [] : [tsconfigPath])]
    .map((path) => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        // most of these files are not there
        return ''
      }
    })
    .join('\n')
}
