import ts from 'typescript'
import { ImportScanner } from '../../../../codemods/src/project/import-scan'
import { findNearFiles } from '../../../../codemods/src/project/near-files'
import type { NearFiles } from '../../../../codemods/src/project/near-files'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace({}, stubDeps)
})
afterEach(() => {
  workspace.remove()
})

/** `x.ts` is the workspace's, `lib:x.d.ts` a library's. */
function moduleOf(specifier: string): ts.ResolvedModuleFull | undefined {
  if (specifier === 'missing') return undefined
  const [, library, name = ''] = /^(lib:)?(.*)$/.exec(specifier) ?? []
  const extension = name.slice(name.search(/(\.d)?\.\w+$/))
  return {
    resolvedFileName: workspace.path(name),
    extension,
    isExternalLibraryImport: library !== undefined,
  }
}

function near(
  files: Record<string, string>,
  options: ts.CompilerOptions = {},
  changed = new Map<string, string>(),
): NearFiles {
  for (const [name, text] of Object.entries(files)) workspace.write(name, text)
  return findNearFiles([workspace.path('a.ts')], changed, {
    options,
    scanner: new ImportScanner(),
    resolve: moduleOf,
  })
}

const imports = (...names: string[]): string => names.map((name) => `import '${name}'\n`).join('')
const names = ({ roots }: NearFiles): readonly string[] =>
  roots.map((path) => path.slice(workspace.root.length + 1)).sort()
const waits = (found: NearFiles, specifier: string): boolean => {
  const resolved = moduleOf(specifier)
  return resolved !== undefined && found.canWait(resolved)
}

test('sources that are imported wait; declarations are given, however far away', () => {
  const found = near({
    'a.ts': imports('b.ts', 'missing'),
    'b.ts': imports('c.ts', 'a.ts'),
    'c.ts': imports('lib:lib.d.ts'),
  })
  expect(names(found)).toEqual(['a.ts', 'lib.d.ts'])
  expect(['b.ts', 'c.ts', 'a.ts', 'lib:lib.d.ts'].map((one) => waits(found, one))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('a source that adds to globals is given', () => {
  const found = near({ 'a.ts': imports('b.ts'), 'b.ts': 'export {}\ndeclare global { const x: number }\n' })
  expect(names(found)).toEqual(['a.ts', 'b.ts'])
  expect(waits(found, 'b.ts')).toBe(false)
})

test('what a changed text imports and what its file imports are both found', () => {
  workspace.write('a.ts', imports('lib:one.d.ts'))
  const changed = new Map([[workspace.path('a.ts'), imports('lib:two.d.ts')]])
  expect(names(near({}, {}, changed))).toEqual(['a.ts', 'one.d.ts', 'two.d.ts'])
})

test('JavaScript, JSON and JSX are given where the options let a program read them', () => {
  const files = { 'a.ts': imports('b.js', 'c.json', 'lib:d.js', 'e.tsx'), 'e.tsx': 'export {}\n' }
  expect(names(near(files))).toEqual(['a.ts'])
  const found = near(files, { allowJs: true, resolveJsonModule: true, jsx: ts.JsxEmit.Preserve })
  expect(names(found)).toEqual(['a.ts', 'b.js', 'c.json'])
  expect(waits(found, 'e.tsx')).toBe(true)
})
