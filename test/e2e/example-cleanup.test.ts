import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { main } from '../../codemods/src/cli/main'
import { createSystemDeps } from '../../codemods/src/commands/system-deps'
import type { CleanupReport } from '../../codemods/src/model/cleanup'
import { components } from '../../examples/demo/crossing/components'
import { wiringFor, wrapRequests } from '../../examples/demo/workspace/workspace'
import { copyExampleApplication, type ExampleWorkspace } from '../support/example-application'
import { applyHandFixes, handFixedFiles } from '../support/example-by-hand'
import { testDatabase, type TestDatabase } from '../support/postgres'

const run = promisify(execFile)
const root = resolve(__dirname, '../..')
const timeoutMs = 400_000

/** The end of the crossing: the example application, all components at `complete`, loses everything of the ferry. */
describe('the clean-up of the example application', () => {
  let workspace: ExampleWorkspace
  let database: TestDatabase

  const path = (relative: string): string => join(workspace.path, relative)
  const edit = (relative: string, change: (text: string) => string): void => {
    writeFileSync(path(relative), change(readFileSync(path(relative), 'utf8')))
  }
  const pgferry = async (...args: string[]): Promise<string> => {
    const output = { stdout: '', stderr: '' }
    const exitCode = await main(
      [...args, '--quiet'],
      {
        stdout: { write: (text) => (output.stdout += text) },
        stderr: { write: (text) => (output.stderr += text) },
        cwd: workspace.path,
        env: {},
      },
      { version: '0.0.0', loadCommandDeps: () => Promise.resolve(createSystemDeps()) },
    )
    expect({ args, exitCode, stderr: output.stderr }).toEqual({ args, exitCode: 0, stderr: '' })
    return output.stdout
  }
  const cleanup = async (...options: string[]): Promise<CleanupReport> =>
    JSON.parse(await pgferry('cleanup', ...components, '--json', '-', ...options)) as CleanupReport
  const npm = async (script: string): Promise<string> => {
    const env = { ...process.env, DATABASE_URL: database.url, NODE_OPTIONS: '' }
    try {
      const options = { cwd: workspace.path, env, maxBuffer: 64 << 20 }
      return (await run('npm', ['run', '--silent', script], options)).stdout
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`npm run ${script}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`, { cause: error })
    }
  }
  /** Every program of the example at once, each step of its workload twice. */
  const runWorkloads = async (): Promise<readonly string[]> => {
    const program = `
      const workloads = process.argv.slice(1).map((name) =>
        require('./packages/' + name + '/dist/src/workload.js').createWorkload())
      const steps = workloads.map(async (workload) => {
        try { for (let i = 0; i < 12; i += 2) await Promise.all([workload.step(i), workload.step(i + 1)]) }
        finally { await workload.close() }
      })
      Promise.all(steps).then(() => console.log('done'))`
    const child = run(process.execPath, ['-e', program, ...components], {
      cwd: workspace.path,
      env: { ...process.env, DATABASE_URL: database.url, NODE_OPTIONS: '' },
    })
    const names = new Set<string>()
    const state = { isOver: false }
    const watch = async (): Promise<void> => {
      while (!state.isOver) {
        const sessions = await database.query(
          "SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE datname = $1 AND application_name <> ''",
          [database.name],
        )
        for (const { name } of sessions) names.add(String(name))
      }
    }
    const end = (): void => {
      state.isOver = true
    }
    await Promise.all([watch(), child.then(end, end)])
    expect((await child).stdout).toBe('done\n')
    // The old pools were called `legacy-app/<component>`; one probe names its own session otherwise.
    return [...names].filter((name) => components.some((one) => name.endsWith(`/${one}`))).sort()
  }

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/index.js')))
      throw new Error('run `npm run build` first (`npm test` does)')
    database = await testDatabase()
    workspace = await copyExampleApplication()
    await pgferry('init')
    const demo = join(root, 'examples/demo/wiring')
    writeFileSync(path('pgferry.config.ts'), readFileSync(join(demo, 'pgferry.config.ts')))
    writeFileSync(path('.gitignore'), 'dist/\n*.tsbuildinfo\n')
    writeFileSync(path('knip.json'), JSON.stringify(knipSettings, null, 2))
    const wiring = readFileSync(join(demo, 'database.ts'), 'utf8').replace(
      "stage: 'live'",
      "stage: 'complete'",
    )
    for (const component of components) {
      writeFileSync(path(`packages/${component}/src/database.ts`), wiringFor(component, wiring))
      edit(`packages/${component}/package.json`, (text) =>
        text.replace('"pg": "8.23.1"', '"pg": "8.23.1",\n    "pgferry": "0.1.0"'),
      )
    }
    edit('packages/portals/src/portal.ts', wrapRequests)
    await npm('build')
    await workspace.commitAll('wired')
  }, timeoutMs)

  afterAll(async () => {
    workspace.remove()
    await database.close()
  })

  test(
    'a first run after migrate takes away what it can, keeps what is needed, and names each place that holds it',
    async () => {
      await pgferry('migrate', ...components, '--fix-leaks', '--include-tests')
      await workspace.commitAll('migrated')
      const before = sources(workspace.path)
      const dryRun = await pgferry('cleanup', ...components, '--dry-run')
      expect(dryRun).toContain('+export const connections = service')
      expect(sources(workspace.path)).toEqual(before)

      const report = await cleanup()
      const refusals = report.packages.flatMap((entry) => entry.refusals)
      expect([...new Set(refusals.map(({ file }) => file))].sort()).toEqual(handFixedFiles)
      expect([...new Set(refusals.map(({ reason }) => reason))].sort()).toEqual([
        'facade-used',
        'keyed-acquire',
        'legacy-class-used',
      ])
      expect(filesNaming('pgferry/legacy', workspace.path)).toEqual([
        'packages/rag-adapters/src/database.ts',
        'packages/scripts/src/database.ts',
      ])
      await npm('test')

      await workspace.commitAll('cleaned up')
      expect((await cleanup()).totals).toMatchObject({ edited: 0, deleted: 0 })
      await pgferry('revert', ...components)
      expect(sources(workspace.path)).toEqual(before)
      await cleanup()
      await workspace.commitAll('cleaned up again')
    },
    timeoutMs,
  )

  test(
    'after a person has moved these places it runs on the service alone and nothing is left behind',
    async () => {
      applyHandFixes(workspace.path)
      await workspace.commitAll('moved by hand')
      const before = sources(workspace.path)

      const report = await cleanup()
      expect(report.totals.refused).toBe(0)
      expect(report.packages.flatMap((entry) => entry.deleted)).toContain(
        'packages/core/src/db/infra-delegate.ts',
      )
      for (const word of [
        'pgferry/legacy',
        'createFerry',
        'getDbConnection',
        'getconn',
        'putconn',
        'unitOfWork',
      ]) {
        expect({ word, files: filesNaming(word, workspace.path) }).toEqual({ word, files: [] })
      }
      // Built anew: the compiler leaves behind what it made of files that are gone.
      for (const component of components) rmSync(path(`packages/${component}/dist`), { recursive: true })
      expect(await npm('test')).toMatch(/# fail 0/)
      expect(await runWorkloads()).toEqual([...components].sort().map((name) => `pgferry/${name}`))
      expect(await database.connectionCount()).toBe(0)
      const knip = join(root, 'node_modules/knip/bin/knip.js')
      const { stdout } = await run(process.execPath, [knip, '--no-progress'], { cwd: workspace.path })
      expect(stdout).toBe('')

      const after = sources(workspace.path)
      await workspace.commitAll('cleaned up')
      expect((await cleanup()).totals).toEqual({ edited: 0, deleted: 0, refused: 0 })
      expect(sources(workspace.path)).toEqual(after)
      // A package that this run left alone would go back over the run before.
      const changed = report.packages.filter(({ edited, deleted }) => edited.length + deleted.length > 0)
      await pgferry('revert', ...changed.map(({ name }) => name))
      expect(sources(workspace.path)).toEqual(before)
    },
    timeoutMs,
  )
})

const knipSettings = {
  workspaces: {
    // The example's own manifest names the driver for its packages.
    '.': { entry: ['pgferry.config.ts', 'tools/*.mjs'], ignoreDependencies: ['pg'] },
    'packages/*': {
      entry: ['src/{index,main,workload}.ts', 'test/**/*.test.ts'],
      project: ['{src,test}/**/*.ts'],
    },
  },
}

function sources(folder: string): Record<string, string> {
  const names = readdirSync(join(folder, 'packages'), { recursive: true, encoding: 'utf8' })
  const own = names.filter(
    (name) => /\.(ts|json)$/.test(name) && !/(^|\/)(node_modules|dist)\/|tsbuildinfo/.test(name),
  )
  return Object.fromEntries(
    own.sort().map((name) => [name, readFileSync(join(folder, 'packages', name), 'latin1')]),
  )
}

function filesNaming(word: string, folder: string): string[] {
  return Object.entries(sources(folder))
    .filter(([, text]) => text.includes(word))
    .map(([name]) => `packages/${name}`)
}
