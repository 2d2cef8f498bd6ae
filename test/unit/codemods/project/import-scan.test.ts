import { ImportScanner, importedNames, scanText } from '../../../../codemods/src/project/import-scan'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

test('every way of importing is seen, once', () => {
  const text = `import 'a'
import b from "b"
import type { c } from 'c'
export * from 'd'
import e = require('e')
const f = await import( 'f' )
const g = require(\`g\`)
import h from /* here */ 'h'
import i from // there
  'i'
export { a } from 'a'
let j: import('j').J
`
  expect(importedNames(text)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
})

test('what merely looks like an import is taken for one', () => {
  expect(importedNames("// once: import x from 'x'\n")).toEqual(['x'])
  expect(importedNames("const a = 'from'\nconst important = 'y'\n")).toEqual([])
})

test('a bundle full of comments takes no longer than its length', () => {
  const text = `// from\n${'/***/ /* from */\n'.repeat(50_000)}import a from /* * / **/ 'a'\n`
  expect(importedNames(text)).toEqual(['a'])
})

test('a file that others see without importing it is told from one that speaks for itself', () => {
  const affects = (text: string, path = '/x/a.ts'): boolean => scanText(path, text).affectsEveryFile
  expect(affects("import 'a'\n")).toBe(false)
  expect(affects('interface A {}\nexport { A }\n')).toBe(false)
  expect(affects('interface A {}\n')).toBe(true)
  expect(affects('export {}\ndeclare global { interface A {} }\n')).toBe(true)
  expect(affects("export {}\ndeclare module 'a' {}\n")).toBe(true)
  expect(affects('/// <reference types="node" />\nexport {}\n')).toBe(true)
  expect(affects('export {}\n', '/x/a.d.ts')).toBe(true)
})

test('a file is read once; one that is not there tells nothing', () => {
  const workspace = createTempWorkspace({ 'a.ts': "import 'a'\n" }, stubDeps)
  const scanner = new ImportScanner()
  const path = workspace.path('a.ts')
  expect(scanner.ofFile(path).specifiers).toEqual(['a'])
  workspace.remove()
  expect(scanner.ofFile(path).specifiers).toEqual(['a'])
  expect(new ImportScanner().ofFile(path)).toEqual({ affectsEveryFile: false, specifiers: [] })
})
