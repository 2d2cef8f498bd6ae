import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sourcesOf } from '../../../examples/demo/corpora/unpack'
import { firstHunks } from '../../../examples/demo/corpora/read-corpus'
import { components } from '../../../examples/demo/crossing/components'
import { parseTestCounts } from '../../../examples/demo/workspace/test-counts'
import { countBy, toPackageInventory } from '../../../examples/demo/workspace/run-report'
import { differingFiles } from '../../../examples/demo/workspace/rehearse-revert'
import { wiringFor, wrapRequests } from '../../../examples/demo/workspace/workspace'

const root = join(__dirname, '../../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('the wiring of the example', () => {
  const template = read('examples/demo/wiring/database.ts')

  it.each(components)('differs for %s in the name of the component only', (component) => {
    const written = wiringFor(component, template).split('\n')
    const differing = template.split('\n').filter((line, index) => line !== written[index])
    expect(written).toContain(`const component = '${component}'`)
    expect(differing.length).toBe(component === 'portals' ? 0 : 1)
  })

  it('refuses a template without the line that it replaces', () => {
    expect(() => wiringFor('core', 'export {}')).toThrow("no line \"const component = 'portals'")
  })

  it('makes each request of the portal a unit of work, in the portal as it is today', () => {
    const wrapped = wrapRequests(read('examples/legacy-app/packages/portals/src/portal.ts'))
    expect(wrapped).toContain('void unitOfWork(() => respond(routes, request, response))')
    expect(wrapped).toContain("import { infra, pool, pools, unitOfWork } from './database'")
    expect(() => wrapRequests('createServer()')).toThrow('the portal has no line')
  })
})

describe('what programs print', () => {
  it('gives the totals of node --test, cancelled tests counted as failed', () => {
    const tap = 'TAP version 13\n# tests 9\n# pass 7\n# fail 1\n# cancelled 1\n# skipped 0\n'
    expect(parseTestCounts(tap)).toEqual({ passed: 7, failed: 2 })
  })

  it('is refused when no test ran or no total was printed', () => {
    expect(() => parseTestCounts('# pass 0\n# fail 0\n# cancelled 0\n')).toThrow('no tests')
    expect(() => parseTestCounts('Killed\n')).toThrow("no line '# pass")
  })

  it('gives sites by verdict, those rewritten just now as arrived, and shapes by frequency', () => {
    const site = {
      id: '1',
      file: 'a.ts',
      line: 1,
      column: 1,
      dialect: 'd',
      api: 'a/b',
      shape: 'gap',
      verdict: 'rewritten',
    } as const
    const sites = [
      site,
      { ...site, verdict: 'leak', shape: 'leaky-linear' } as const,
      { ...site, verdict: 'manual' } as const,
    ]
    expect(toPackageInventory({ name: '@legacy-app/core', path: 'packages/core', files: 3, sites })).toEqual({
      name: 'core',
      files: 3,
      verdicts: { rewritable: 0, manual: 1, leak: 1, already: 1 },
      shapes: { gap: 2, 'leaky-linear': 1 },
    })
  })

  it('counts answers, the most frequent first, and leaves out those that say nothing', () => {
    expect(Object.entries(countBy(['b', 'a', 'b', ''], (word) => (word === '' ? undefined : word)))).toEqual([
      ['b', 2],
      ['a', 1],
    ])
  })
})

describe('revert and published sources', () => {
  it('names files that changed, appeared or went away', () => {
    const before = new Map([
      ['a.ts', '1'],
      ['b.ts', '1'],
      ['c.ts', '1'],
    ])
    const after = new Map([
      ['a.ts', '1'],
      ['b.ts', '2'],
      ['d.ts', '1'],
    ])
    expect(differingFiles(before, after)).toEqual(['b.ts', 'c.ts', 'd.ts'])
    expect(differingFiles(before, before)).toEqual([])
  })

  it('takes the TypeScript out of a source map, and nothing that lies outside of it', () => {
    const map = {
      sources: [
        '../src/index.ts',
        '../src/db/pool.ts',
        '../node_modules/x/y.ts',
        'a/../../../b.ts',
        'z.js',
        'gone.ts',
      ],
      sourcesContent: ['1', '2', '3', '4', '5', null],
    }
    expect(sourcesOf(JSON.stringify(map))).toEqual([
      { path: 'index.ts', text: '1' },
      { path: 'db/pool.ts', text: '2' },
    ])
  })

  it('shows the beginning of a diff and nothing of an empty one', () => {
    expect(firstHunks('--- a\n+++ b\n@@\n-x\n', 2)).toEqual(['--- a', '+++ b'])
    expect(firstHunks('\n', 5)).toEqual([])
  })
})
