import type { CommonOptions } from '../../../../codemods/src/cli/write-outcome'
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  writeOutcome(outcome, options, { stdout, stderr: { write: () => undefined }, cwd: '/', env }, '1.0.0')
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

test('report files are made only when they are asked for, SARIF with the version of the tool', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgferry-outcome-'))
  const made: string[] = []
  const outcome = {
    exitCode: 0,
    json: {},
    notes: [],
    render: () => '',
    html: () => `page ${made.push('html')}`,
    sarif: (version: string) => ({ version, made: made.push('sarif') }),
  }
  const context = {
    stdout: { write: () => undefined },
    stderr: { write: () => undefined },
    cwd: folder,
    env: {},
  }
  try {
    writeOutcome(outcome, {}, context, '1.2.3')
    expect(made).toEqual([])
    writeOutcome(outcome, { html: 'a.html', sarif: 'a.sarif' }, context, '1.2.3')
    expect(readFileSync(join(folder, 'a.html'), 'utf8')).toBe('page 1')
    expect(JSON.parse(readFileSync(join(folder, 'a.sarif'), 'utf8'))).toEqual({ version: '1.2.3', made: 2 })
    expect(() => {
      writeOutcome(outcome, { sarif: 'no/a.sarif' }, context, '1.2.3')
    }).toThrow(/--sarif: no\/a\.sarif/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
