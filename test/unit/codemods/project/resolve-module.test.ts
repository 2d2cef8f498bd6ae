import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { createModuleResolver } from '../../../../codemods/src/project/resolve-module'

describe('a module resolves', () => {
  let root: string
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const resolve = (name: string): string | undefined => {
    const options = { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 }
    return createModuleResolver(options, root)(name, join(root, 'app/src/main.ts'))?.resolvedFileName.replace(
      root,
      '',
    )
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pgferry-resolve-'))
    write('app/src/main.ts', '')
    mkdirSync(join(root, 'node_modules/@shop'), { recursive: true })
    symlinkSync(join(root, 'core'), join(root, 'node_modules/@shop/core'))
  })

  afterEach(() => {
    rmSync(root, { recursive: true, force: true })
  })

  test.each([
    ['its main file', { main: './dist/index.js' }, 'core/src/index.ts'],
    ['its types', { types: 'dist/src/entry.d.ts', main: 'x.js' }, 'core/src/entry.ts'],
    ['an export condition', { exports: { '.': { import: './lib/mod.mjs' } } }, 'core/src/mod.mts'],
    ['one export for all', { exports: './build/all.js' }, 'core/all.ts'],
    ['nothing, in the usual place', {}, 'core/index.ts'],
  ])('to the sources of a linked package that is not built, by %s', (_what, manifest, source) => {
    write('core/package.json', JSON.stringify({ name: '@shop/core', ...manifest }))
    write(source, 'export const x = 1')
    expect(resolve('@shop/core')).toBe(`/${source}`)
  })

  test('to the source of an entry of such a package', () => {
    write('core/package.json', JSON.stringify({ exports: { './db': './dist/database.js' } }))
    write('core/src/database.ts', 'export const x = 1')
    write('core/src/other.ts', 'export const x = 1')
    expect(resolve('@shop/core/db')).toBe('/core/src/database.ts')
    expect(resolve('@shop/core/other')).toBe('/core/src/other.ts')
    expect(resolve('@shop/core/none')).toBeUndefined()
  })

  test('to what is built, when it is built', () => {
    write('core/package.json', JSON.stringify({ main: './dist/index.js', types: './dist/index.d.ts' }))
    write('core/src/index.ts', 'export const x = 1')
    write('core/dist/index.d.ts', 'export declare const x = 1')
    expect(resolve('@shop/core')).toBe('/core/dist/index.d.ts')
  })

  test('not at all when the package is a copy, is not there, or has no manifest that parses', () => {
    write('node_modules/copied/src/index.ts', 'export const x = 1')
    write('node_modules/copied/package.json', '{ "main": "dist/index.js" }')
    expect(resolve('copied')).toBeUndefined()
    expect(resolve('missing')).toBeUndefined()
    expect(resolve('./missing')).toBeUndefined()
    write('core/package.json', '{')
    expect(resolve('@shop/core')).toBeUndefined()
  })
})
