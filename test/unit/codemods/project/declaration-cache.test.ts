import ts from 'typescript'
import { DeclarationCache } from '../../../../codemods/src/project/declaration-cache'

function hostThatCounts(): { readonly host: ts.CompilerHost; readonly read: string[] } {
  const read: string[] = []
  const host = {
    getSourceFile(fileName: string, version: ts.ScriptTarget) {
      read.push(fileName)
      return ts.createSourceFile(fileName, '', version)
    },
  } as unknown as ts.CompilerHost
  return { host, read }
}

function readWith(cache: DeclarationCache, options: ts.CompilerOptions, fileName: string) {
  const { host, read } = hostThatCounts()
  cache.attach(host, options)
  return { file: host.getSourceFile(fileName, ts.ScriptTarget.ES2022), read }
}

test('a declaration file is parsed once for programs that parse alike, and again for others', () => {
  const cache = new DeclarationCache()
  const first = readWith(cache, { strict: true, target: ts.ScriptTarget.ES2022 }, '/x.d.mts')
  const second = readWith(cache, { target: ts.ScriptTarget.ES2022 }, '/x.d.mts')
  expect(second.read).toEqual([])
  expect(second.file).toBe(first.file)
  expect(readWith(cache, { target: ts.ScriptTarget.ES2015 }, '/x.d.mts').read).toEqual(['/x.d.mts'])
})

test('sources are read every time, for a run changes them', () => {
  const cache = new DeclarationCache()
  readWith(cache, {}, '/x.ts')
  expect(readWith(cache, {}, '/x.ts').read).toEqual(['/x.ts'])
})

test('where imports lead is remembered for packages of the same options, wherever these lie', () => {
  const cache = new DeclarationCache()
  const first = cache.resolutions({ target: ts.ScriptTarget.ES2022, configFilePath: '/a/tsconfig.json' })
  expect(cache.resolutions({ target: ts.ScriptTarget.ES2022, configFilePath: '/b/tsconfig.json' })).toBe(
    first,
  )
  expect(cache.resolutions({ target: ts.ScriptTarget.ES2015, configFilePath: '/b/tsconfig.json' })).not.toBe(
    first,
  )
})

test('a package that maps its output to its sources has resolutions of its own', () => {
  const cache = new DeclarationCache()
  const first = cache.resolutions({ outDir: 'dist', configFilePath: '/a/tsconfig.json' })
  expect(cache.resolutions({ outDir: 'dist', configFilePath: '/b/tsconfig.json' })).not.toBe(first)
  expect(cache.resolutions({ outDir: 'dist', configFilePath: '/a/tsconfig.json' })).toBe(first)
})
