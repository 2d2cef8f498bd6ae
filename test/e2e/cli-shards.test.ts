import type { RunReport } from '../../codemods/src/model/site'
import type { TempWorkspace } from '../support/temp-workspace'
import { createTempWorkspace } from '../support/temp-workspace'
import { stubDeps } from '../unit/codemods/engine/stub-knowledge'

const names = ['alpha', 'beta', 'gamma', 'delta']
const entry = (name: string): string =>
  `{ name: '${name}', path: 'packages/${name}', stage: 'migrated', connections: { import: 'serviceTake', from: './src/database' } }`

let workspace: TempWorkspace
beforeAll(() => {
  workspace = createTempWorkspace(
    {
      'package.json': JSON.stringify({ name: 'root', private: true, workspaces: ['packages/*'] }),
      'pgferry.config.mjs': `export default { packages: [${[...names, 'large'].map(entry).join(', ')}] }\n`,
      ...Object.fromEntries(
        names.flatMap((name) => [
          [`packages/${name}/src/database.ts`, 'export const serviceTake = (n: number): number => n\n'],
          [`packages/${name}/src/a.ts`, 'legacyTake(2)\nlegacyTake(0)\nlegacyTake(1)\n'],
        ]),
      ),
      'packages/large/src/database.ts': 'export const serviceTake = (n: number): number => n\n',
      ...Object.fromEntries(
        Array.from({ length: 450 }, (_, index) => [
          `packages/large/src/f${String(index)}.ts`,
          index % 20 === 0 ? 'legacyTake(2)\nlegacyTake(0)\n' : '',
        ]),
      ),
    },
    stubDeps,
  )
})
afterAll(() => {
  workspace.remove()
})

async function shards(count: number, ...argv: string[]): Promise<string[]> {
  const files: string[] = []
  for (let index = 1; index <= count; index++) {
    const file = `part-${String(index)}.json`
    await workspace.run([...argv, '--shard', `${String(index)}/${String(count)}`, '--json', file, '--quiet'])
    files.push(file)
  }
  return files
}

test.each([1, 2, 3, 8])(
  '%d parts of a scan, merged in any order, are the whole scan byte for byte',
  async (count) => {
    const whole = (await workspace.run(['scan', '--json', '-'])).stdout
    const files = await shards(count, 'scan')
    const merged = await workspace.run(['report', 'merge', ...files.reverse(), '--json', '-'])
    expect(merged).toEqual({ exitCode: 0, stdout: whole, stderr: '' })
  },
)

test('every part has work of its own, and a large package is divided', async () => {
  const files = await shards(3, 'scan')
  const reports = files.map((file) => JSON.parse(workspace.read(file)) as RunReport)
  for (const { packages } of reports) expect(packages.map(({ name }) => name)).toContain('large')
  expect(reports.map(({ totals }) => totals.sites).reduce((a, b) => a + b)).toBe(12 + 46)
})

test('migrates of all parts write what one migrate writes', async () => {
  const all = [...names, 'large']
  const before = workspace.snapshot()
  const whole = (await workspace.run(['migrate', ...all, '--json', '-'])).stdout
  const expected = workspace.snapshot()
  await workspace.run(['revert', ...all])
  const files = await shards(3, 'migrate', ...all)
  const merged = await workspace.run(['report', 'merge', ...files, '--json', '-'])
  const isOurs = ([path]: readonly [string, string]): boolean => path.startsWith('packages/')
  expect(Object.entries(workspace.snapshot()).filter(isOurs)).toEqual(Object.entries(expected).filter(isOurs))
  expect(merged.stdout).toBe(whole)
  for (let round = 0; round < 3; round++) await workspace.run(['revert', ...all])
  expect(Object.entries(workspace.snapshot()).filter(isOurs)).toEqual(Object.entries(before).filter(isOurs))
})

test('a check in parts finds what a whole check finds, and the merge fails as it does', async () => {
  const whole = await workspace.run(['check', '--json', '-'])
  const files = await shards(4, 'check')
  const merged = await workspace.run(['report', 'merge', ...files, '--json', '-'])
  expect(merged.exitCode).toBe(1)
  expect(merged.stdout).toBe(whole.stdout)
})

test('a merge can be a page, SARIF or a table too', async () => {
  const files = await shards(2, 'scan')
  const { stdout } = await workspace.run([
    'report',
    'merge',
    ...files,
    '--html',
    'all.html',
    '--sarif',
    'all.sarif',
  ])
  expect(stdout).toContain('58 sites in 5 packages')
  expect(workspace.read('all.html')).toContain('pgferry scan: 58 sites in 5 packages')
  expect(workspace.read('all.sarif')).toContain('"version": "2.1.0"')
})

test('a part that is given twice, a report of another command and a file that is none are refused', async () => {
  const files = await shards(2, 'scan')
  const [first = ''] = files
  await workspace.run(['check', '--json', 'check.json'])
  workspace.write('none.json', '{}')
  const refuse = async (paths: string[], said: string): Promise<void> => {
    const { exitCode, stderr } = await workspace.run(['report', 'merge', ...paths])
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(said) })
  }
  await refuse([first, ...files], 'is in more than one of the reports')
  await refuse([first, 'check.json'], 'received reports of scan and check')
  await refuse([first, 'none.json'], 'none.json is no --json of scan, migrate or check')
  await refuse([first, 'missing.json'], 'missing.json')
})

test.each(['0/2', '3/2', '1', 'a/b', '1/0'])('--shard %s is wrong usage', async (value) => {
  const { exitCode, stderr } = await workspace.run(['scan', '--shard', value])
  expect(exitCode).toBe(2)
  expect(stderr).toContain('Expected i/n with 1 <= i <= n')
})

test('--jobs takes a whole number', async () => {
  expect((await workspace.run(['scan', '--jobs', '2'])).exitCode).toBe(0)
  for (const value of ['0', 'x', '1.5'])
    expect((await workspace.run(['scan', '--jobs', value])).stderr).toContain('Expected a whole number')
})
