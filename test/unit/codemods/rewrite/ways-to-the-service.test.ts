import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { Site } from '../../../../codemods/src/model/site'
import { applyTextEdits } from '../../../../codemods/src/model/text-edit'
import { toReference } from '../../../../codemods/src/project/workspace'
import { rewriteFile } from '../../../../codemods/src/rewrite/rewrite-file'

/*
 * A package that passes the service in several ways: each call site gets the first of the configured ones that it knows.
 */

const connections = toReference([
  { expression: 'this.connections' },
  { expression: 'deps.connections' },
  { import: 'connections', from: './src/database' },
])

function migrate(text: string, path = 'src/a.ts'): { text: string; sites: readonly Site[] } {
  const sources = { name: 'app', path: '/app', files: [{ path: `/app/${path}`, relativePath: path, text }] }
  const [file] = analyzePackage(sources, builtinDialects, { connections, readDisk: false }).files
  if (file === undefined) throw new Error('nothing was analysed')
  const { edits, sites } = rewriteFile(file, { style: 'await-using', purpose: 'general', connections })
  return { text: applyTextEdits(text, edits), sites }
}

const head = `import { Pool } from 'pg'\nconst pool = new Pool()\n`
const body = `{\n  const c = await pool.connect()\n  try {\n    await c.query('x')\n  } finally {\n    c.release()\n  }\n}\n`
const importLine = `import { connections } from './database'`

it.each([
  ['a field', `class A { constructor(private readonly connections: Service) {}\nasync m() ${body} }`],
  ['a field that is set later', `class A { connections?: Service\nasync m() ${body} }`],
  ['an inherited field', `class B { connections = 1 }\nclass A extends B { async m() ${body} }`],
  ['a field, in an arrow function', `class A { connections = 1\nm = async () => ${body} }`],
])('a method of a class that has the service as %s takes it from there', (_name, code) => {
  const { text, sites } = migrate(head + code)
  expect(sites).toMatchObject([{ verdict: 'rewritten' }])
  expect(text).toContain(`await using c = await this.connections.connection('general')`)
  expect(text).not.toContain(importLine)
})

it.each([
  ['a parameter of a known type', `async function f(deps: { connections: number }) ${body}`],
  ['a parameter of a type that cannot be seen', `async function f(deps: Deps) ${body}`],
  ['a variable around it', `const deps = { connections: 1 }\nasync function f() ${body}`],
])('a function with the service in %s takes it from there', (_name, code) => {
  const { text } = migrate(head + code)
  expect(text).toContain(`await using c = await deps.connections.connection('general')`)
  expect(text).not.toContain(importLine)
})

it.each([
  ['a class without such a field', `class A { other = 1\nasync m() ${body} }`],
  [
    'a function in a method, whose `this` is another',
    `class A { connections = 1\nm() { async function f() ${body}\nreturn f } }`,
  ],
  ['a parameter of another type', `async function f(deps: { other: number }) ${body}`],
  [
    'a variable that comes later',
    `async function f() ${body.slice(0, body.lastIndexOf('}'))}const deps = { connections: 1 }\nreturn deps }`,
  ],
  ['nothing of the kind', `async function f() ${body}`],
])('a call site with %s imports the service', (_name, code) => {
  const { text, sites } = migrate(head + code)
  expect(sites).toMatchObject([{ verdict: 'rewritten' }])
  expect(text).toContain(`await using c = await connections.connection('general')`)
  expect(text).toContain(importLine)
})

it('a file of several ways has the import once, and a second run changes nothing', () => {
  const { text } = migrate(
    `${head}class A { connections = 1\nasync m() ${body} }\nasync function f() ${body}async function g() ${body}`,
  )
  expect(text.split(importLine)).toHaveLength(2)
  expect(text).toContain('this.connections.connection(')
  expect(migrate(text)).toMatchObject({ text, sites: [{}, {}, {}].map(() => ({ verdict: 'already' })) })
})

it('the module that the service shall come from is out of reach as long as it does not have it', () => {
  const [own, missing] = [`export const connections: any = 1\n`, ''].map((line) =>
    migrate(`${head}${line}export async function f() ${body}`, 'src/database.ts'),
  )
  expect(own?.sites).toMatchObject([{ verdict: 'rewritten' }])
  expect(own?.text).not.toContain(importLine)
  expect(missing?.sites).toMatchObject([{ verdict: 'manual', reason: 'out-of-reach' }])
})
