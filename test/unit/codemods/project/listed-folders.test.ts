import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListedFolders } from '../../../../codemods/src/project/listed-folders'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgferry-listed-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

test('a file is there by its own name or by a link; a folder, a link to one, and a link to nothing are not', () => {
  writeFileSync(join(root, 'a.ts'), '')
  mkdirSync(join(root, 'b.ts'))
  symlinkSync(join(root, 'a.ts'), join(root, 'link.ts'))
  symlinkSync(join(root, 'b.ts'), join(root, 'folder-link.ts'))
  symlinkSync(join(root, 'none'), join(root, 'broken.ts'))
  const folders = new ListedFolders()
  const names = ['a.ts', 'b.ts', 'link.ts', 'folder-link.ts', 'broken.ts', 'c.ts', join('none', 'a.ts')]
  expect(names.filter((name) => folders.hasFile(join(root, name)))).toEqual(['a.ts', 'link.ts'])
})
