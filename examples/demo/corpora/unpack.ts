import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A published package whose sources are scanned. */
export interface Corpus {
  readonly name: string
  readonly version: string
  /** Where its TypeScript is: in the tarball, or inside the source maps of its build. */
  readonly source: 'tarball' | 'source-maps'
}

export const corpora: readonly Corpus[] = [
  { name: '@nicnocquee/dataqueue', version: '1.24.0', source: 'tarball' },
  { name: '@voltagent/postgres', version: '2.1.2', source: 'source-maps' },
]

/** Writes the TypeScript of an installed package to `folder/src`, as a project of its own. @throws Error when it is not installed */
export async function unpackCorpus(corpus: Corpus, repository: string, folder: string): Promise<void> {
  const installed = await findInstalled(corpus, repository)
  const sources = join(folder, 'src')
  await mkdir(sources, { recursive: true })
  switch (corpus.source) {
    case 'tarball':
      await cp(join(installed, 'src'), sources, { recursive: true })
      break
    case 'source-maps':
      await writeSources(await readFile(join(installed, 'dist/index.js.map'), 'utf8'), sources)
  }
  await linkLibraries(repository, folder)
  await writeProject(corpus, folder)
}

/** The TypeScript files that a source map carries, with paths below the map's own source folder. Pure. */
export function sourcesOf(map: string): readonly { readonly path: string; readonly text: string }[] {
  const { sources, sourcesContent = [] } = JSON.parse(map) as {
    sources: string[]
    sourcesContent?: (string | null)[]
  }
  return sources.flatMap((source, index) => {
    const text = sourcesContent[index]
    const path = source.replace(/^(\.\.?\/)+/, '').replace(/^src\//, '')
    const isOwn =
      /\.[cm]?tsx?$/.test(path) && !path.split('/').some((part) => part === '..' || part === 'node_modules')
    return text == null || !isOwn ? [] : [{ path, text }]
  })
}

async function writeSources(map: string, folder: string): Promise<void> {
  for (const { path, text } of sourcesOf(map)) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
}

async function findInstalled({ name, version }: Corpus, repository: string): Promise<string> {
  const places = ['node_modules', 'test/corpora/node_modules'].map((place) => join(repository, place, name))
  const found = places.find((place) => existsSync(join(place, 'package.json')))
  if (found === undefined) throw new Error(`${name} is not installed; run: npm ci`)
  const manifest = JSON.parse(await readFile(join(found, 'package.json'), 'utf8')) as { version: string }
  if (manifest.version !== version)
    throw new Error(`${name} is ${manifest.version}, expected ${version}; run: npm ci`)
  return found
}

/** What is needed to know a pool by its type; the package's other dependencies are left out. */
async function linkLibraries(repository: string, folder: string): Promise<void> {
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  for (const library of ['pg', '@types'])
    await symlink(join(repository, 'node_modules', library), join(modules, library), 'dir')
}

async function writeProject({ name }: Corpus, folder: string): Promise<void> {
  const compilerOptions = {
    target: 'ES2022',
    module: 'NodeNext',
    lib: ['ES2023', 'ESNext.Disposable'],
    skipLibCheck: true,
    noEmit: true,
  }
  const connections = { import: 'connections', from: './src/connections' }
  const files = {
    'package.json': { name, version: '0.0.0', private: true },
    'tsconfig.json': { compilerOptions: { ...compilerOptions, types: ['node'] }, include: ['src'] },
    'pgferry.config.json': { packages: [{ name, path: '.', component: 'corpus', connections }] },
  }
  for (const [file, content] of Object.entries(files))
    await writeFile(join(folder, file), JSON.stringify(content, null, 2))
}
