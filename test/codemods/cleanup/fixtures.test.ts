import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSystemDeps } from '../../../codemods/src/commands/system-deps'
import type { CleanupReport } from '../../../codemods/src/model/cleanup'
import { createTempWorkspace, type TempWorkspace } from '../../support/temp-workspace'

const root = resolve(__dirname, '../../..')
const fixtures = join(__dirname, 'fixtures')
const names = readdirSync(fixtures).sort()

/** What every fixture has unless it brings its own. */
const defaults = {
  'package.json': '{ "name": "shop", "private": true, "main": "dist/index.js" }\n',
  'pgferry.config.ts': "export default { packages: [{ name: 'shop', path: '.' }] }\n",
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      strict: true,
      target: 'ES2022',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: 'Node16',
      moduleResolution: 'Node16',
      types: [],
      outDir: 'dist',
      rootDir: 'src',
    },
    include: ['src'],
  }),
}

function filesBelow(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {}
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = entries.map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]))
}

interface Cleaned {
  readonly report: CleanupReport
  /** Only what the fixture brought. */
  readonly files: Record<string, string>
}

describe.each(names)('%s', (name) => {
  const before = filesBelow(join(fixtures, name, 'before'))
  const expected = before['expect.json']
  delete before['expect.json']
  let workspace: TempWorkspace

  const cleanup = async (): Promise<Cleaned> => {
    const result = await workspace.run(['cleanup', 'shop', '--json', '-', '--quiet'])
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' })
    return { report: JSON.parse(result.stdout) as CleanupReport, files: current() }
  }
  const current = (): Record<string, string> => {
    const found = Object.keys(before).filter((path) => existsSync(workspace.path(path)))
    return Object.fromEntries(found.map((path) => [path, workspace.read(path)]))
  }

  beforeEach(() => {
    workspace = createTempWorkspace({ ...defaults, ...before }, createSystemDeps())
    mkdirSync(workspace.path('node_modules'))
    for (const library of ['pg', '@types']) {
      symlinkSync(join(root, 'node_modules', library), workspace.path(`node_modules/${library}`))
    }
    symlinkSync(root, workspace.path('node_modules/pgferry'))
  })
  afterEach(() => {
    workspace.remove()
  })

  const isSkip = name.startsWith('skip-')

  test(
    isSkip ? 'keeps its bytes and says why' : 'becomes its after folder, once, and comes back',
    async () => {
      const original = workspace.snapshot()
      const { report, files } = await cleanup()
      expect(files).toEqual(isSkip ? before : filesBelow(join(fixtures, name, 'after')))
      const refusals = report.packages.flatMap((entry) => entry.refusals)
      const wanted = expected === undefined ? [] : (JSON.parse(expected) as unknown[])
      expect(refusals.map(({ reason, file, line }) => [reason, file, line]).sort()).toEqual(wanted)
      if (isSkip) return

      const once = workspace.snapshot()
      expect((await cleanup()).report.totals).toMatchObject({ edited: 0, deleted: 0 })
      expect(workspace.snapshot()).toEqual(once)
      expect((await workspace.run(['revert', 'shop'])).exitCode).toBe(0)
      expect(workspace.snapshot()).toEqual(original)
    },
    60_000,
  )
})
