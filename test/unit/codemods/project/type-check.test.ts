import { createTypeComparison, findSyntaxErrors } from '../../../../codemods/src/project/type-check'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from '../engine/stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  const options = { strict: true, types: [], lib: ['es2022'], target: 'es2022', module: 'node16' }
  workspace = createTempWorkspace(
    {
      'tsconfig.json': JSON.stringify({ compilerOptions: options }),
      'a.ts': 'export const a: number = 1\n',
      'b.ts': "import { a } from './a'\nexport const b: number = a\n",
    },
    stubDeps,
  )
})
afterEach(() => {
  workspace.remove()
})

function check(texts: Record<string, string>) {
  const changed = new Map(Object.entries(texts).map(([name, text]) => [workspace.path(name), text]))
  return createTypeComparison(workspace.path('tsconfig.json'), [...changed.keys()]).compare(changed)
}

test('a change that type-checks introduces nothing', () => {
  expect(check({ 'a.ts': 'export const a: number = 2\n' })).toEqual({ introduced: [], existingCount: 0 })
})

test('an error in the changed file is found at its offset', () => {
  const { introduced } = check({ 'a.ts': "export const a: number = 'x'\n" })
  expect(introduced).toMatchObject([{ path: workspace.path('a.ts'), code: 2322, start: 13 }])
})

test('an error that a change causes in another file is found there', () => {
  const { introduced } = check({ 'a.ts': "export const a: string = 'x'\n" })
  expect(introduced).toMatchObject([{ path: workspace.path('b.ts'), code: 2322 }])
})

test('an error that was there before does not count, a second one of its kind does', () => {
  workspace.write('a.ts', "export const a: number = 'x'\n")
  expect(check({ 'a.ts': "// moved\nexport const a: number = 'x'\n" })).toEqual({
    introduced: [],
    existingCount: 1,
  })
  expect(
    check({ 'a.ts': "export const a: number = 'x'\nexport const c: number = 'x'\n" }).introduced,
  ).toHaveLength(1)
})

test('without installed dependencies an unresolved import does not count', () => {
  workspace.write('c.ts', "import 'missing'\nimport { x } from 'missing'\nexport const c: unknown = x\n")
  expect(check({ 'a.ts': "import { y } from 'pgferry'\nexport const a: number = y\n" }).introduced).toEqual(
    [],
  )
})

test('without installed dependencies what follows from an unresolved import does not count, other errors do', () => {
  workspace.write('c.ts', "import { x } from 'missing'\nexport const c: unknown = x\n")
  const text = "import { y } from 'pgferry'\nexport const a: number = y((row) => row)\n"
  expect(check({ 'a.ts': text }).introduced).toEqual([])
  expect(check({ 'a.ts': `${text}export const z: number = 'z'\n` }).introduced).toMatchObject([
    { code: 2322 },
  ])
})

test('later comparisons start from the state before, not from each other', () => {
  const path = workspace.path('a.ts')
  const types = createTypeComparison(workspace.path('tsconfig.json'), [path])
  const compare = (text: string): number => types.compare(new Map([[path, text]])).introduced.length
  expect([
    compare("export const a: number = 'x'\n"),
    compare('export const a: number = 2\n'),
    compare("export const a: string = 'x'\n"),
    types.compare(new Map()).introduced.length,
  ]).toEqual([1, 0, 1, 0])
})

test('a file outside the tsconfig’s list is checked too', () => {
  workspace.write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { strict: true, types: [] }, files: ['a.ts'] }),
  )
  workspace.write('other.ts', 'export {}\n')
  expect(check({ 'other.ts': "export const o: number = 'x'\n" }).introduced).toHaveLength(1)
})

test('syntax errors carry line and column', () => {
  expect(findSyntaxErrors('/x/a.ts', 'const a = 1\nconst b = (\n')).toContain('2:12 Expression expected.')
  expect(findSyntaxErrors('/x/a.tsx', 'await using a = f()\nexport const b = <p>x</p>\n')).toEqual([])
})

test('a second comparison sees the first one undone', () => {
  const options = { strict: true, types: [], lib: ['es2022'], target: 'es2022' }
  workspace.write('tsconfig.json', JSON.stringify({ compilerOptions: options }))
  const a = workspace.path('a.ts')
  const comparison = createTypeComparison(workspace.path('tsconfig.json'), [a])
  expect(comparison.compare(new Map([[a, "export const a: string = 'x'\n"]])).introduced).toHaveLength(1)
  expect(comparison.compare(new Map([[a, 'export const a: number = 3\n']])).introduced).toEqual([])
  expect(comparison.compare(new Map()).introduced).toEqual([])
})

test('a type that lies several imports away is followed there', () => {
  workspace.write('c.ts', "export * from './d'\n")
  workspace.write('d.ts', "import { e } from './e'\nexport const d = e\n")
  workspace.write('e.ts', 'export const e = { text: 1 }\n')
  const text = (type: string): string => `import { d } from './c'\nexport const a: ${type} = d.text\n`
  workspace.write('a.ts', text('number'))
  expect(check({ 'a.ts': `${text('number')}void 0\n` })).toEqual({ introduced: [], existingCount: 0 })
  expect(check({ 'a.ts': text('string') }).introduced).toMatchObject([
    { path: workspace.path('a.ts'), code: 2322 },
    { path: workspace.path('b.ts'), code: 2322 },
  ])
})

test('what an import far away adds to globals is there', () => {
  workspace.write('c.ts', "import './d'\nexport const c = 1\n")
  workspace.write('d.ts', 'export {}\ndeclare global { interface Shared { size: number } }\n')
  const text = (type: string): string =>
    `import { c } from './c'\nexport const a: number = c\nexport function f(s: Shared): ${type} { return s.size }\n`
  workspace.write('a.ts', text('number'))
  expect(check({ 'a.ts': `${text('number')}void 0\n` }).introduced).toEqual([])
  expect(check({ 'a.ts': text('string') }).introduced).toMatchObject([{ code: 2322 }])
})

test('a body that changes an inferred return type is found out by whoever relies on it', () => {
  const text = (value: string): string => `export const a = 1\nexport function f() { return ${value} }\n`
  workspace.write('a.ts', text('1'))
  workspace.write('b.ts', "import { f } from './a'\nexport const b: number = f()\n")
  expect(check({ 'a.ts': text('2 + 3') }).introduced).toEqual([])
  expect(check({ 'a.ts': text("'x'") }).introduced).toMatchObject([
    { path: workspace.path('b.ts'), code: 2322 },
  ])
})

test('an error that a rewrite takes away is no reason against it', () => {
  workspace.write('a.ts', "export const a: number = 1\nexport function f(): number { return 'x' }\n")
  expect(
    check({ 'a.ts': 'export const a: number = 1\nexport function f(): number { return 1 }\n' }).introduced,
  ).toEqual([])
})

test('JavaScript has rules of its own', () => {
  expect(findSyntaxErrors('/x/a.js', 'const a: number = 1\n')).toEqual([
    '1:10 Type annotations can only be used in TypeScript files.',
  ])
})
