import { withoutDependencies } from '../../../../codemods/src/cleanup/manifest'
import { applyTextEdits } from '../../../../codemods/src/model/text-edit'

const without = (text: string, ...names: string[]): string =>
  applyTextEdits(text, withoutDependencies(text, names))

const manifest = `{
  "name": "shop",
  "dependencies": {
    "a": "1.0.0",
    "b": "^2.0.0",
    "c": "file:../c"
  },
  "devDependencies": { "a": "1", "@types/b": "2" },
  "scripts": { "a": "a" }
}
`

test.each([
  ['first', ['a'], '    "b": "^2.0.0",\n    "c": "file:../c"\n'],
  ['middle', ['b'], '    "a": "1.0.0",\n    "c": "file:../c"\n'],
  ['last', ['c'], '    "a": "1.0.0",\n    "b": "^2.0.0"\n'],
  ['last two', ['b', 'c'], '    "a": "1.0.0"\n'],
])('the %s of a section goes with its comma, and nothing else changes', (_place, names, left) => {
  const text = without(manifest, ...names)
  expect(text).toContain(`"dependencies": {\n${left}  }`)
  expect(text).toContain('"scripts": { "a": "a" }')
  expect(() => JSON.parse(text) as unknown).not.toThrow()
})

test('a section that becomes empty goes too, in the middle and at the end of the file', () => {
  const middle = without(manifest, 'a', 'b', 'c')
  expect(JSON.parse(middle)).toEqual({
    name: 'shop',
    devDependencies: { '@types/b': '2' },
    scripts: { a: 'a' },
  })
  const end = '{\r\n\t"name": "shop",\r\n\t"dependencies": {\r\n\t\t"a": "1"\r\n\t}\r\n}\r\n'
  expect(without(end, 'a')).toBe('{\r\n\t"name": "shop"\r\n}\r\n')
})

test('a name that is not there changes nothing', () => {
  expect(withoutDependencies(manifest, ['d'])).toEqual([])
  expect(withoutDependencies('{}', ['a'])).toEqual([])
})
