import { WorkspaceTexts } from '../../../../codemods/src/cleanup/workspace-texts'

test('an offset finds its way back through several rounds of edits', () => {
  const texts = new WorkspaceTexts(new Map([['/a.ts', 'one\ntwo\nthree\nfour\n']]))
  texts.apply([{ path: '/a.ts', start: 0, end: 4, text: '' }])
  texts.apply([{ path: '/a.ts', start: 4, end: 9, text: 'THREE!' }])
  const text = texts.text('/a.ts') ?? ''
  expect(text).toBe('two\nTHREE!\nfour\n')
  const original = texts.originalOffset('/a.ts', text.indexOf('four'))
  expect(texts.positionInOriginal('/a.ts', original)).toEqual({ line: 4, column: 1 })
  expect(texts.positionInOriginal('/a.ts', texts.originalOffset('/a.ts', text.indexOf('HREE')))).toEqual({
    line: 3,
    column: 1,
  })
})

test('a file that was deleted is told from one that never was', () => {
  const texts = new WorkspaceTexts(new Map([['/a.ts', 'a']]))
  expect(texts.isChanged('/a.ts')).toBe(false)
  texts.delete('/a.ts')
  expect([texts.isDeleted('/a.ts'), texts.isDeleted('/b.ts'), texts.isChanged('/a.ts')]).toEqual([
    true,
    false,
    true,
  ])
  texts.apply([{ path: '/a.ts', start: 0, end: 1, text: 'b' }])
  expect(texts.text('/a.ts')).toBeUndefined()
})
