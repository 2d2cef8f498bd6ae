import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declaredKnowledge } from '../../../../codemods/src/engine/declared-knowledge'
import { createThreadRunner } from '../../../../codemods/src/engine/thread-runner'
import type { LoadedSources } from '../../../../codemods/src/project/load-sources'
import { loadSources } from '../../../../codemods/src/project/load-sources'
import type { WorkspacePackage } from '../../../../codemods/src/project/workspace'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgferry-load-'))
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function targetAt(directory: string): WorkspacePackage {
  return {
    name: 'p',
    path: '.',
    directory,
    component: 'p',
    purpose: 'general',
    stage: 'legacy',
    style: 'await-using',
    exclude: [],
  }
}

function load(names: readonly string[]): LoadedSources {
  const discovered = { files: names.map((name) => join(root, name)), notes: [] }
  return loadSources(targetAt(root), discovered, { root, words: ['getconn'] })
}

test('each file keeps its own text, however long the one before it is', () => {
  const texts = ['const a = getconn()\n', `getconn()\n${'// é\n'.repeat(100_000)}`, '', 'getconn(2)\n']
  const names = texts.map((_, index) => `${String(index)}.ts`)
  for (const [index, text] of texts.entries()) writeFileSync(join(root, `${String(index)}.ts`), text)
  const { sources, fileCount } = load(names)
  expect(sources.files.map(({ text }) => text)).toEqual([texts[0], texts[1], texts[3]])
  expect(fileCount).toBe(4)
})

test('a file that is gone is named', () => {
  expect(() => load(['gone.ts'])).toThrow(/gone\.ts cannot be read/)
})

test('a file that cannot be read ends a run in threads with its name', async () => {
  writeFileSync(join(root, 'a.ts'), 'getconn()\n')
  const target = targetAt(root)
  const requests = ['a.ts', 'gone.ts'].map((name) => ({
    target,
    discovered: { files: [join(root, name)], notes: [] },
  }))
  const context = {
    workspace: { root, packages: [target], dialects: undefined },
    dialects: declaredKnowledge.builtinDialects,
    includeTests: false,
  }
  const runner = createThreadRunner(new AbortController().signal, declaredKnowledge)
  await expect(runner.run(requests, context, { onPackage: () => undefined })).rejects.toMatchObject({
    code: 'READ_FAILED',
    message: expect.stringContaining('gone.ts') as string,
  })
})

test('a minified bundle is left out and named; a text with data in it is read', () => {
  const bundle = `/*! licence */\n${'function a(b){return getconn(b)};'.repeat(2_000)}`
  const data = `const image = '${'aGVsbG8K'.repeat(10_000)}'\ngetconn()\n`
  writeFileSync(join(root, 'bundle.js'), bundle)
  writeFileSync(join(root, 'data.ts'), data)
  const { sources, notes } = load(['bundle.js', 'data.ts'])
  expect(sources.files.map(({ relativePath }) => relativePath)).toEqual(['data.ts'])
  expect(notes).toEqual(['bundle.js: left out, it is minified: nobody edits such code'])
})
