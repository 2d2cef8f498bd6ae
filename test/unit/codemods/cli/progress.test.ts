import { createProgress } from '../../../../codemods/src/cli/progress'

function record(isTTY: boolean, columns = 60, quiet = false) {
  const written: string[] = []
  const stream = { isTTY, columns, write: (text: string) => written.push(text) }
  return { written, progress: createProgress(stream, { quiet }) }
}

test('in a pipe each package is one plain line', () => {
  const { written, progress } = record(false)
  progress.report(0, 2, 'core')
  progress.report(1, 2, 'portals')
  progress.end()
  expect(written).toEqual(['[1/2] core\n', '[2/2] portals\n'])
})

test('on a terminal one line redraws itself, fits the width and is wiped at the end', () => {
  const { written, progress } = record(true, 40)
  progress.report(1, 2, 'a-package-with-a-rather-long-name')
  progress.end()
  progress.end()
  const [drawn = '', wiped] = written
  expect(drawn).toBe(`\r\u001b[2K${'[############------------] 1/2 a-package'.slice(0, 39)}`)
  expect(wiped).toBe('\r\u001b[2K')
  expect(written).toHaveLength(2)
})

test('a run without packages does not divide by zero', () => {
  const { written, progress } = record(true)
  progress.report(0, 0, 'x')
  expect(written.join('')).toContain('] 0/0 x')
})

test('quiet writes nothing', () => {
  const { written, progress } = record(true, 80, true)
  progress.report(0, 1, 'core')
  progress.end()
  expect(written).toEqual([])
})
