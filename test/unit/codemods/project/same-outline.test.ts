import { haveSameOutline } from '../../../../codemods/src/project/same-outline'

const same = (before: string, after: string, path = '/x/a.ts'): boolean =>
  haveSameOutline(path, before, after)

test('the body of a function that says what it returns is nobody else’s business', () => {
  expect(
    same('export function f(): number { return 1 }', 'export function f(): number {\n  return 2\n}'),
  ).toBe(true)
  expect(same('class A { m(): void { a() } }', 'class A { m(): void { b() } }')).toBe(true)
  expect(same('const f = (): number => { return 1 }', 'const f = (): number => { return 2 }')).toBe(true)
})

test('a body that the return type follows from may be seen from outside', () => {
  expect(same('export function f() { return 1 }', "export function f() { return 'a' }")).toBe(false)
  expect(same('export const f = (): number => 1', 'export const f = (): number => 2')).toBe(false)
})

test('a constructor may say what type a field has', () => {
  const text = (value: string): string => `class A { x; constructor() { this.x = ${value} } }`
  expect(same(text('1'), text("'a'"))).toBe(false)
})

test('parameters, return types and other statements count', () => {
  expect(same('export function f(a: 1): void {}', 'export function f(a: 2): void {}')).toBe(false)
  expect(same('export function f(): 1 { return 1 }', 'export function f(): 2 { return 2 }')).toBe(false)
  expect(same('export const a = 1', 'export const a = 2')).toBe(false)
  expect(
    same('function f(a = (): 1 => { return 1 }): void {}', 'function f(a = (): 2 => { return 2 }): void {}'),
  ).toBe(false)
})

test('an import that only bodies use may come and go, whatever stands above it', () => {
  const body = '/** What it is. */\nexport function f(): void { g() }\n'
  expect(same(body, `import { g } from './g'\n${body}`)).toBe(true)
  expect(same(`/* mine */\nimport { g } from './g'\n${body}`, `/* mine */\n${body}`)).toBe(true)
  expect(same(`import { g } from './g'\n${body}`, `import { g, h } from './g'\n${body}`)).toBe(true)
  expect(same(`import a, * as b from './g'\n${body}`, `import * as b from './g'\n${body}`)).toBe(true)
})

test('an import of what the rest mentions, or for its effects, counts', () => {
  const body = 'export function f(g: Pool): void {}\n'
  expect(same(`import { Pool } from 'pg'\n${body}`, body)).toBe(false)
  expect(same(`import { Pool } from 'pg'\n${body}`, `import { Client as Pool } from 'pg'\n${body}`)).toBe(
    false,
  )
  expect(same(body, `import './effects'\n${body}`)).toBe(false)
  // a longer name is another one
  expect(same(body, `import { Poo, ool } from 'pg'\n${body}`)).toBe(true)
})

test('a body in JavaScript may give an object its fields: nothing is known', () => {
  expect(
    same('/** @returns {void} */ function f() {}', '/** @returns {void} */ function f() {}', '/x/a.js'),
  ).toBe(false)
})
