// Fetches the published packages with npm, keeps their tarballs, and lays each out as those have it who work on it.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const modules = join(root, 'node_modules')
const cache = join(modules, '.cache', 'pgferry-bench')

const installed = { pg: join(modules, 'pg'), '@types/pg': join(modules, '@types/pg'), pgferry: root }
const service = `createConnectionService({ databases: { connection: 'postgres://localhost/app' } })`

/**
 * Lays a corpus out in a folder that is made for it: a repository of git, which the command line wants, with the driver and pgferry
 * installed and the module that rewritten code imports.
 */
export function layOut(corpus, target) {
  unpack(corpus, target)
  if (corpus.leaveOut !== undefined) rmSync(join(target, corpus.leaveOut), { recursive: true })
  if (corpus.sources === 'source maps') keepSourcesOnly(target)
  for (const dependency of corpus.dependencies ?? [])
    unpack(dependency, join(target, 'node_modules', dependency.name))
  for (const [name, folder] of Object.entries(installed)) {
    const link = join(target, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(folder, link, 'dir')
  }
  writeConnectionsModule(corpus, target)
  execFileSync('git', ['init', '--quiet', '.'], { cwd: target })
}

/** Where `pgferry init` expects it; without it nothing is written. */
function writeConnectionsModule({ sources }, target) {
  const [file, text] =
    sources === 'compiled JavaScript'
      ? ['database.js', `exports.connections = require('pgferry').${service}\n`]
      : [
          'database.ts',
          `import { createConnectionService } from 'pgferry'\n\nexport const connections = ${service}\n`,
        ]
  writeFileSync(join(target, file), text)
}

function unpack({ name, version, integrity }, target) {
  mkdirSync(target, { recursive: true })
  const tarball = fetchTarball(`${name}@${version}`, integrity)
  execFileSync('tar', ['-xzf', tarball, '--strip-components', '1', '-C', target])
}

/** The tarball in the cache; fetched first where it is not there. */
function fetchTarball(wanted, integrity) {
  const kept = join(cache, `${wanted.replace('/', '-')}.tgz`)
  if (existsSync(kept) && integrityOf(kept) === integrity) return kept
  console.error(`fetching ${wanted} …`)
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'fetch-'))
  try {
    execFileSync('npm', ['pack', wanted, '--json', '--pack-destination', folder], {
      stdio: ['ignore', 'ignore', 2],
    })
    const [file] = readdirSync(folder)
    const found = integrityOf(join(folder, file))
    if (found !== integrity) throw new Error(`${wanted} is not what was pinned: ${found}, not ${integrity}`)
    renameSync(join(folder, file), kept)
  } finally {
    rmSync(folder, { recursive: true })
  }
  return kept
}

function integrityOf(file) {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
}

/** Puts the TypeScript that the source maps carry in the place of all that was compiled from it. */
function keepSourcesOnly(target) {
  const sources = new Map()
  for (const name of readdirSync(target, { recursive: true })) {
    if (!name.endsWith('.map')) continue
    const map = JSON.parse(readFileSync(join(target, name), 'utf8'))
    // maps of declarations have no content
    map.sourcesContent?.forEach((text, index) => {
      const path = map.sources[index]
      if (path.includes('src/')) sources.set(path.slice(path.indexOf('src/')), text)
    })
  }
  for (const name of readdirSync(target))
    if (name !== 'package.json') rmSync(join(target, name), { recursive: true })
  for (const [path, text] of sources) {
    mkdirSync(dirname(join(target, path)), { recursive: true })
    writeFileSync(join(target, path), text)
  }
}
