import fc from 'fast-check'
import { mergeThreeWay } from '../../../../codemods/src/engine/three-way-merge'

const base = 'a\nb\nc\nd\ne\n'

test('changes in different places are both kept', () => {
  expect(mergeThreeWay(base, 'A\nb\nc\nd\ne\n', 'a\nb\nc\nd\nE\n')).toEqual({
    kind: 'merged',
    text: 'A\nb\nc\nd\nE\n',
  })
  expect(mergeThreeWay(base, 'b\nc\nd\ne\n', 'a\nb\nc\nx\ny\nd\ne\n')).toEqual({
    kind: 'merged',
    text: 'b\nc\nx\ny\nd\ne\n',
  })
})

test('the same change on both sides is made once', () => {
  expect(mergeThreeWay(base, 'a\nB\nc\nd\ne\n', 'a\nB\nc\nd\ne\n')).toEqual({
    kind: 'merged',
    text: 'a\nB\nc\nd\ne\n',
  })
})

test('changes of one line, of neighbouring lines and insertions at one place are conflicts with their lines', () => {
  expect(mergeThreeWay(base, 'a\nX\nc\nd\ne\n', 'a\nY\nc\nd\ne\n')).toEqual({
    kind: 'conflict',
    firstLine: 2,
    lastLine: 2,
  })
  expect(mergeThreeWay(base, 'a\nX\nc\nd\ne\n', 'a\nb\nY\nd\ne\n')).toEqual({
    kind: 'conflict',
    firstLine: 2,
    lastLine: 3,
  })
  expect(mergeThreeWay(base, 'a\nx\nb\nc\nd\ne\n', 'a\ny\nb\nc\nd\ne\n')).toEqual({
    kind: 'conflict',
    firstLine: 2,
    lastLine: 2,
  })
})

test('line endings and a missing last line ending come through', () => {
  const merged = mergeThreeWay('a\r\nb\r\nc\r\nd', 'A\r\nb\r\nc\r\nd', 'a\r\nb\r\nc\r\nD')
  expect(merged).toEqual({ kind: 'merged', text: 'A\r\nb\r\nc\r\nD' })
})

test('one unchanged side gives the other, whichever it is', () => {
  const text = fc.array(fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n')).map((lines) => lines.join(''))
  fc.assert(
    fc.property(text, text, (from, to) => {
      expect(mergeThreeWay(from, from, to)).toEqual({ kind: 'merged', text: to })
      expect(mergeThreeWay(from, to, from)).toEqual({ kind: 'merged', text: to })
      expect(mergeThreeWay(from, to, to)).toEqual({ kind: 'merged', text: to })
    }),
  )
})
