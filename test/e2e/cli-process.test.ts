import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createSystemDeps } from '../../codemods/src/commands/system-deps'
import type { BuiltCodemods } from '../support/built-codemods'
import { buildCodemods, endOf } from '../support/built-codemods'
import type { TempWorkspace } from '../support/temp-workspace'
import { createTempWorkspace } from '../support/temp-workspace'

const packageCount = 3
const names = Array.from({ length: packageCount }, (_, index) => `p${String(index)}`)
/** Enough to be stopped between two packages; each run of the command costs seconds. */
const pair = names.slice(0, 2)

const legacy = `export class InfraDelegate {
  async getDbConnection(): Promise<{ query(sql: string): Promise<unknown> }> { throw new Error('not here') }
  releaseDbConnection(connection: unknown): void { void connection }
}
export const infra = new InfraDelegate()
`
const database = `interface Handle { query(sql: string): Promise<unknown> }
export declare const connections: { connection(purpose: string): Promise<Handle & AsyncDisposable> }
`
const site = (name: string): string => `import { infra } from './legacy'

export async function ${name}() {
  const connection = await infra.getDbConnection()
  try {
    await connection.query('select 1')
  } finally {
    infra.releaseDbConnection(connection)
  }
}
`

function filesOf(name: string): Record<string, string> {
  return {
    [`packages/${name}/package.json`]: JSON.stringify({ name }),
    [`packages/${name}/src/legacy.ts`]: legacy,
    [`packages/${name}/src/database.ts`]: database,
    [`packages/${name}/src/a.ts`]: site('a'),
    [`packages/${name}/src/b.ts`]: site('b'),
  }
}

const entry = (name: string): string =>
  `{ name: '${name}', path: 'packages/${name}', connections: { import: 'connections', from: './src/database' } }`

let built: BuiltCodemods
let workspace: TempWorkspace
beforeAll(() => {
  built = buildCodemods()
})
afterAll(() => {
  built.remove()
})
beforeEach(() => {
  workspace = createTempWorkspace(
    {
      'package.json': JSON.stringify({ name: 'root', private: true, workspaces: ['packages/*'] }),
      'pgferry.config.mjs': `export default { packages: [${names.map(entry).join(', ')}] }\n`,
      ...Object.assign({}, ...names.map(filesOf)),
    },
    createSystemDeps(),
  )
})
afterEach(() => {
  workspace.remove()
})

const run = (...argv: string[]) => endOf(built.start(argv, { cwd: workspace.root }))

/** What a migrate that nobody disturbs makes of the workspace; taken back again. */
async function migratedSnapshot(packages = names): Promise<Readonly<Record<string, string>>> {
  await workspace.run(['migrate', ...packages])
  const after = workspace.snapshot()
  await workspace.run(['revert', ...packages])
  return after
}

test('the result does not depend on how many packages are looked at at a time, nor on threads', async () => {
  const here = (await workspace.run(['scan', '--json', '-'])).stdout
  for (const jobs of ['2', '5']) {
    const { stdout, exitCode } = await run('scan', '--json', '-', '--jobs', jobs)
    expect(exitCode).toBe(0)
    expect(stdout).toBe(here)
  }
  const expected = await migratedSnapshot()
  expect((await run('migrate', ...names, '--jobs', '3')).exitCode).toBe(0)
  expect(workspace.snapshot()).toEqual(expected)
}, 120_000)

test('a later run takes the compiler as an earlier one has left it, with the same result and no word on standard error', async () => {
  const [first, second] = [await run('scan', '--quiet'), await run('scan', '--quiet')]
  expect(first.stderr).toBe('')
  expect(second).toEqual(first)
  const modules = createRequire(__filename)
    .resolve('typescript')
    .replace(/(node_modules).*$/, '$1')
  const kept = readdirSync(join(modules, '.cache', 'pgferry')).filter((name) => name.endsWith('.bin'))
  expect(kept.length).toBeGreaterThan(0)
})

test('what a thread refuses is said as if it had been this one', async () => {
  workspace.write('packages/p1/src/b.ts', `${site('b')}<<<\n`)
  const { exitCode, stderr } = await run('migrate', ...names, '--jobs', '2')
  expect(exitCode).toBe(5)
  expect(stderr).toContain('packages/p1/src/b.ts:11:')
})

test('an expression of many thousand operands keeps no site from being found', async () => {
  const before = await run('scan')
  const deep = `export const isNew = (a: number, b: number): boolean => ${'a !== b && '.repeat(7_500)}true\n`
  workspace.write('packages/p1/src/b.ts', `${site('b')}${deep}`)
  expect(await run('scan')).toMatchObject({ exitCode: 0, stdout: before.stdout })
})

test('a thread that was made ready and is not needed keeps nobody waiting', async () => {
  const { exitCode, stderr } = await run('migrate', 'nobody')
  expect(exitCode).toBe(3)
  expect(stderr).toContain('nobody')
  workspace.write('pgferry.config.mjs', 'export default { packages: [] }\n')
  expect((await run('scan')).exitCode).toBe(0)
})

test.each([
  { signal: 'SIGINT', moments: [1, pair.length] },
  { signal: 'SIGTERM', moments: [pair.length] },
  { signal: 'SIGHUP', moments: [1] },
] as const)(
  'a $signal at whatever moment leaves all files old or all new, says so, and the next run completes the work',
  async ({ signal, moments }) => {
    const before = workspace.snapshot()
    const after = await migratedSnapshot(pair)
    for (const begun of moments) {
      const child = built.start(['migrate', ...pair, '--jobs', '1'], { cwd: workspace.root })
      let isSent = false
      const ended = await endOf(child, (said) => {
        if (isSent || !said.includes(`[${String(begun)}/`)) return
        isSent = child.kill(signal)
      })
      const isDone = ended.exitCode === 0
      expect(workspace.snapshot()).toEqual(isDone ? after : before)
      if (!isDone) {
        expect(ended.exitCode).toBe(130)
        expect(ended.stderr).toContain('pgferry: interrupted')
      }
      expect((await workspace.run(['migrate', ...pair])).exitCode).toBe(0)
      expect(workspace.snapshot()).toEqual(after)
      await workspace.run(['revert', ...pair])
    }
  },
  120_000,
)

test('a process that is killed while it writes is taken back or finished by the next run', async () => {
  const before = workspace.snapshot()
  const after = await migratedSnapshot(pair)
  const preload = workspace.path('.pgferry/kill.cjs')
  let isKilled = true
  for (let step = 1; isKilled; step *= 2) {
    workspace.write(
      '.pgferry/kill.cjs',
      `const fs = require('node:fs'); let left = ${String(step)}
for (const name of ['renameSync', 'openSync', 'rmSync']) {
  const original = fs[name]
  fs[name] = (...args) => {
    if (/\\.pgferry/.test(String(args[0])) && --left === 0) process.kill(process.pid, 'SIGKILL')
    return original(...args)
  }
}
`,
    )
    const { signal } = await endOf(built.start(['migrate', ...pair], { cwd: workspace.root, preload }))
    isKilled = signal === 'SIGKILL'
    const now = workspace.snapshot()
    for (const [path, content] of Object.entries(now)) {
      if (!path.includes('.pgferry-')) expect([before[path], after[path]]).toContain(content)
    }
    const next = await workspace.run(['migrate', ...pair])
    expect(next.exitCode).toBe(0)
    expect(workspace.snapshot()).toEqual(after)
    await workspace.run(['revert', ...pair])
    expect(workspace.snapshot()).toEqual(before)
  }
}, 300_000)
