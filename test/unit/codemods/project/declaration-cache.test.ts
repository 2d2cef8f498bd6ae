import { ts } from 'ts-morph'
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
