import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { builtinKnowledge } from '../../codemods/src/engine/builtin-knowledge'
import { scanPackage } from '../../codemods/src/engine/scan-package'
import type { Site } from '../../codemods/src/model/site'
import { findWorkspace } from '../../codemods/src/project/find-workspace'
import { workspaceFromManifests } from '../../codemods/src/project/workspace'

/*
 * Published packages, read and never run. Every place that takes a connection was looked up by hand in the versions that
 * test/corpora/package.json pins; the scan has to find each of them and no other.
 */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pgferry-corpora-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** The sources of an installed package, copied to where nobody takes them for a dependency. */
function unpack(name: string, source: 'src' | 'source-map'): string {
  const installed = ['test/corpora/node_modules', 'node_modules']
    .map((modules) => resolve(modules, name))
    .find((path) => existsSync(path))
  if (installed === undefined) throw new Error(`${name} is not installed: run npm ci`)
  const target = join(folder, name.replace('/', '-'))
  mkdirSync(target, { recursive: true })
  cpSync(join(installed, 'package.json'), join(target, 'package.json'))
  if (source === 'src') cpSync(join(installed, 'src'), join(target, 'src'), { recursive: true })
  else writeSources(join(installed, 'dist/index.js.map'), target)
  return target
}

function writeSources(mapPath: string, target: string): void {
  const { sources, sourcesContent } = JSON.parse(readFileSync(mapPath, 'utf8')) as {
    readonly sources: readonly string[]
    readonly sourcesContent: readonly string[]
  }
  sources.forEach((source, index) => {
    const path = join(target, source.replace(/^(\.\.\/)+/, ''))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, sourcesContent[index] ?? '')
  })
}

function scan(root: string, includeTests = false): readonly Site[] {
  const workspace = workspaceFromManifests(findWorkspace(root))
  const [target] = workspace.packages
  if (target === undefined) throw new Error(`no package in ${root}`)
  const { report } = scanPackage(target, {
    workspace,
    dialects: builtinKnowledge.builtinDialects,
    knowledge: builtinKnowledge,
    includeTests,
  })
  return report.sites
}

/** Lines that hold a call by text: the list that was checked by hand. */
function linesWith(root: string, file: string, pattern: RegExp): readonly string[] {
  return readFileSync(join(root, file), 'utf8')
    .split('\n')
    .flatMap((line, index) =>
      pattern.test(line) && !/^\s*(\/\/|\*)/.test(line) ? [`${file}:${String(index + 1)}`] : [],
    )
}

const places = (sites: readonly Site[]): readonly string[] =>
  sites.map(({ file, line }) => `${file}:${String(line)}`)

it('dataqueue: all nineteen places are found, and nothing else', () => {
  const root = unpack('@nicnocquee/dataqueue', 'src')
  const sites = scan(root)
  expect(sites).toHaveLength(19)
  const files = [...new Set(sites.map(({ file }) => file))]
  expect(places(sites)).toEqual(files.flatMap((file) => linesWith(root, file, /\.connect\(/)))
  expect(new Set(sites.map(({ dialect }) => dialect))).toEqual(new Set(['node-postgres']))
})

it('voltagent: all twenty places are found, and nothing else', () => {
  const root = unpack('@voltagent/postgres', 'source-map')
  const sites = scan(root)
  expect(sites).toHaveLength(20)
  const files = [...new Set(sites.map(({ file }) => file))]
  expect(places(sites)).toEqual(files.flatMap((file) => linesWith(root, file, /\.connect\(/)))
})
