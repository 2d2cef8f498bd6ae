import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CorpusResult } from '../report/model'
import { countBy, toPackageInventory } from '../workspace/run-report'
import type { Toolbox } from '../workspace/toolbox'
import { unpackCorpus, type Corpus } from './unpack'

export interface CorpusDeps {
  readonly toolbox: Toolbox
  readonly repository: string
  /** Sources are unpacked into folders in here. */
  readonly folder: string
}

const shownDiffLines = 28

/** Scans somebody else's published sources and shows what `migrate` would do to them. Writes nothing there. */
export async function readCorpus(corpus: Corpus, deps: CorpusDeps): Promise<CorpusResult> {
  const startedAtMs = Date.now()
  const folder = join(deps.folder, corpus.name.replace('/', '__'))
  await mkdir(folder, { recursive: true })
  await unpackCorpus(corpus, deps.repository, folder)
  const scanned = await deps.toolbox.scan([], folder)
  const { output } = await deps.toolbox.migrate([corpus.name], ['--dry-run'], folder)
  const sites = scanned.packages.flatMap((found) => found.sites)
  const files = scanned.packages.reduce((sum, found) => sum + found.files, 0)
  const label = `${corpus.name}@${corpus.version}`
  return {
    name: label,
    source: corpus.source === 'tarball' ? 'TypeScript in its tarball' : 'TypeScript out of its source maps',
    inventory: toPackageInventory({ name: label, path: '.', files, sites }),
    reasons: countBy(sites, ({ reason }) => reason),
    filesChanged: output.split('\n').filter((line) => line.startsWith('+++ ')).length,
    diffLines: firstHunks(output, shownDiffLines),
    tookMs: Date.now() - startedAtMs,
  }
}

/** The beginning of a diff, not cut inside a line. Pure. */
export function firstHunks(diff: string, count: number): readonly string[] {
  return diff.trimEnd() === '' ? [] : diff.trimEnd().split('\n').slice(0, count)
}
