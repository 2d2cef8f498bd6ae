import type { CommonOptions } from '../../../../codemods/src/cli/write-outcome'
import { writeOutcome } from '../../../../codemods/src/cli/write-outcome'

function coloured(options: CommonOptions, isTTY: boolean, env: Record<string, string> = {}): boolean {
  let text = ''
  const stdout = { isTTY, write: (given: string) => (text += given) }
  const outcome = {
    exitCode: 0,
    json: {},
    notes: [],
    render: (paint: { red(t: string): string }) => paint.red('x'),
  }
  writeOutcome(outcome, options, { stdout, stderr: { write: () => undefined }, cwd: '/', env })
  return text.includes('\u001b[')
}

test('a terminal gets colours unless it was told otherwise; a pipe never does', () => {
  expect(coloured({}, true)).toBe(true)
  expect(coloured({ color: false }, true)).toBe(false)
  expect(coloured({}, true, { NO_COLOR: '1' })).toBe(false)
  expect(coloured({}, true, { NO_COLOR: '' })).toBe(true)
  expect(coloured({}, true, { TERM: 'dumb' })).toBe(false)
  expect(coloured({}, false)).toBe(false)
})
