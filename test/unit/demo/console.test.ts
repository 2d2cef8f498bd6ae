import { describeLoad } from '../../../examples/demo/console/live-figures'
import { Progress } from '../../../examples/demo/console/progress'
import { renderTextTable } from '../../../examples/demo/console/text-table'
import { parseOptions } from '../../../examples/demo/options'
import { units } from './records'

describe('progress', () => {
  const written = (isTTY: boolean): { readonly progress: Progress; readonly text: () => string } => {
    let text = ''
    let nowMs = 0
    const stream = { isTTY, columns: 60, write: (part: string) => (text += part) }
    return { progress: new Progress(stream, () => (nowMs += 500)), text: () => text }
  }

  it('writes plain lines in a pipe, without figures and control characters', () => {
    const { progress, text } = written(false)
    progress.step('build the example')
    progress.figures('[legacy 20/s]')
    progress.done('built')
    progress.end()
    expect(text()).toBe('   0.5 s build the example\n   1.0 s built\n')
  })

  it('keeps one live line with figures on a terminal, never wider than it', () => {
    const { progress, text } = written(true)
    progress.step('build the example')
    progress.figures(`[${'x'.repeat(100)}]`)
    const lines = text().split('\r\u001b[2K')
    expect(lines.at(-1)).toMatch(/^ +\d+\.\d s {2}… build the example {2}\[x+$/)
    expect(lines.at(-1)).toHaveLength(59)
    progress.done('built')
    expect(text().split('\r\u001b[2K').at(-1)).toMatch(/^ +\d+\.\d s built\n$/)
  })

  it('counts the units of the last two seconds by side, and connections', () => {
    const seen = [...units(8, { servedBy: 'service' }), ...units(2), ...units(4, { beganAtMs: -5000 })]
    const connections = [{ atMs: 1, legacy: 3, service: 4, budget: 50 }]
    expect(describeLoad({ units: seen, connections }, 1500)).toBe(
      '[legacy 1/s, service 4/s, 3+4 of 50 connections]',
    )
    expect(describeLoad({ units: [], connections }, 1500)).toBe('')
  })
})

describe('tables in a terminal', () => {
  it('pad words to the right and numbers to the left', () => {
    expect(
      renderTextTable(
        ['name', 'n'],
        [
          ['a', 5],
          ['longer', 12],
        ],
      ).split('\n'),
    ).toEqual(['  name     n', '  ------  --', '  a        5', '  longer  12'])
  })
})

describe('options of the demo', () => {
  it('have defaults and are read in any order', () => {
    expect(parseOptions([])).toEqual({
      reportFile: undefined,
      isQuick: false,
      failComponent: undefined,
      isWithoutCorpora: false,
      isHelp: false,
    })
    expect(parseOptions(['--quick', '--report', 'x.html', '--fail', 'core'])).toMatchObject({
      reportFile: 'x.html',
      isQuick: true,
      failComponent: 'core',
    })
  })

  it.each([
    [['--fast'], "unknown option '--fast'"],
    [['--report'], '--report needs a value, got nothing'],
    [['--report', '--quick'], '--report needs a value, got --quick'],
    [['--fail', 'portal'], "--fail 'portal': expected one of test-systems"],
  ])('refuse %j by name', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
})
