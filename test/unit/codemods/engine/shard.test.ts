import fc from 'fast-check'
import { filesOfShard, undividedFiles } from '../../../../codemods/src/engine/shard'

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `src/file-${String(index)}.ts`)

function parts(count: number, path: string, files: readonly string[]): (readonly string[] | undefined)[] {
  return Array.from({ length: count }, (_, index) => filesOfShard({ index: index + 1, count }, path, files))
}

test('a package falls to exactly one part, whole', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.string(), (count, path) => {
      const files = names(3)
      const taken = parts(count, path, files).filter((part) => part !== undefined)
      expect(taken).toEqual([files])
    }),
  )
})

test('a large package is divided by its files: every file falls to exactly one part', () => {
  const files = names(undividedFiles + 200)
  for (const count of [1, 2, 3, 7]) {
    const all = parts(count, 'packages/large', files).flatMap((part) => part ?? [])
    expect([...all].sort()).toEqual([...files].sort())
    expect(new Set(all).size).toBe(files.length)
  }
})

test('where a file falls depends on its path alone', () => {
  const files = names(undividedFiles + 200)
  const more = ['src/aaa.ts', ...files, 'src/zzz.ts']
  const [part = []] = parts(3, 'packages/large', files)
  const [grown = []] = parts(3, 'packages/large', more)
  expect(grown.filter((file) => files.includes(file))).toEqual(part)
})

test('the parts are the same on every machine and in every version', () => {
  const places = ['packages/core', 'packages/portals', 'apps/web', '.'].map((path) =>
    parts(4, path, ['a.ts']).findIndex((part) => part !== undefined),
  )
  expect(places).toMatchInlineSnapshot(`
   [
     2,
     3,
     1,
     2,
   ]
  `)
})
