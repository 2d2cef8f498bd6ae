import { mkdirSync } from 'node:fs'
import { nodeFileOperations } from '../../codemods/src/engine/file-operations'
import type { TempWorkspace } from '../support/temp-workspace'
import { createTempWorkspace } from '../support/temp-workspace'
import { stubDeps } from '../unit/codemods/engine/stub-knowledge'

const config = (packages: string, rest = ''): string =>
  `import { defineConfig } from '@pgferry/codemods'\nexport default defineConfig({ packages: [${packages}] ${rest} } as never)\n`
const portals = `{ name: 'portals', path: 'packages/portals', connections: { import: 'serviceTake', from: './src/database' } }`

const files = {
  'package.json': JSON.stringify({ name: 'root', private: true, workspaces: ['packages/*'] }),
  'pgferry.config.ts': config(portals),
  'packages/portals/package.json': JSON.stringify({ name: '@acme/portals' }),
  'packages/portals/src/database.ts': 'export const serviceTake = (n: number): number => n\n',
  'packages/portals/src/a.ts': 'export const a = legacyTake(2)\n',
  'packages/portals/src/b.ts': 'export const b = legacyTake(3)\n',
}

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace(files, stubDeps)
})
afterEach(() => {
  workspace.remove()
})

async function expectRefusal(
  argv: readonly string[],
  exitCode: number,
  ...said: readonly (string | RegExp)[]
): Promise<void> {
  const before = workspace.snapshot()
  const result = await workspace.run(argv)
  for (const text of said) expect(result.stderr).toMatch(text)
  expect(result.exitCode).toBe(exitCode)
  expect(result.stdout).toBe('')
  expect(workspace.snapshot()).toEqual(before)
}

test('migrate without a configuration says to run init', async () => {
  workspace = createTempWorkspace(
    { '.git/HEAD': '', 'package.json': '{}', 'a.ts': 'legacyTake(2)' },
    stubDeps,
  )
  await expectRefusal(['migrate', 'a'], 2, 'no configuration', 'Run `pgferry init`')
})

test('a configuration that was named and is not there is told apart', async () => {
  await expectRefusal(
    ['scan', '--config', 'other.ts'],
    2,
    '--config: received "other.ts", and there is no such file',
  )
})

test('an unknown option of the configuration is named with the nearest known one', async () => {
  workspace.write(
    'pgferry.config.ts',
    config(`{ name: 'portals', path: 'packages/portals', stge: 'legacy' }`),
  )
  await expectRefusal(['scan'], 2, /packages\[0\]\.stge: unknown option\. Did you mean "stage"\?/)
})

test('a wrong type in the configuration tells option, received and expected', async () => {
  workspace.write('pgferry.config.ts', config(`{ name: 'portals', path: 5 }`))
  await expectRefusal(['scan'], 2, /packages\[0\]\.path: received 5, expected a string/)
})

test('a configuration that throws tells what it threw', async () => {
  workspace.write('pgferry.config.ts', 'throw new Error("no such setting")\n')
  await expectRefusal(['scan'], 2, /pgferry\.config\.ts cannot be loaded: no such setting/)
})

test('an unknown package is answered with the known ones and the nearest', async () => {
  await expectRefusal(
    ['migrate', 'portal'],
    3,
    'there is no package "portal". Did you mean "portals"?',
    'known: portals',
  )
})

test('a configured package without a folder is named', async () => {
  workspace.write('pgferry.config.ts', config(`{ name: 'gone', path: 'packages/gone' }`))
  await expectRefusal(['scan'], 3, /package "gone": there is no folder/)
})

test('a package outside the workspace root is refused, in the configuration and as an argument', async () => {
  await expectRefusal(['migrate', '../elsewhere'], 2, 'package outside the workspace root')
  workspace.write('pgferry.config.ts', config(`{ name: 'x', path: '../x' }`))
  await expectRefusal(['migrate', 'x'], 2, /package "x" lies in .*, which is not below/)
})

test('two packages with one folder are refused', async () => {
  workspace.write('pgferry.config.ts', config(`${portals}, { name: 'again', path: './packages/portals/' }`))
  await expectRefusal(
    ['scan'],
    2,
    /packages\[1\]\.path: received "packages\/portals", which is already packages\[0\]/,
  )
})

test('a dirty work tree is refused with its files, and --allow-dirty overrides', async () => {
  workspace.commitAll()
  workspace.write('packages/portals/src/new.ts', 'export {}\n')
  workspace.write('pgferry.config.ts', `${config(portals)}// edited\n`)
  await expectRefusal(
    ['migrate', 'portals'],
    4,
    'uncommitted work',
    /^ {2}packages\/portals\/src\/new\.ts$/m,
    '--allow-dirty',
  )
  expect((await workspace.run(['migrate', 'portals', '--allow-dirty'])).exitCode).toBe(0)
})

test('a repository that git cannot read is not taken for a clean one', async () => {
  workspace.commitAll()
  workspace.write('.git/config', '[core\n')
  await expectRefusal(
    ['migrate', 'portals'],
    4,
    'git cannot tell whether the work tree is clean',
    'pass --allow-dirty',
  )
})

test('a defect before the first write leaves every file as it was', async () => {
  const deps = { ...stubDeps, now: () => new Date(Number.NaN) }
  const result = await workspace.run(['migrate', 'portals'], { deps })
  expect(result.exitCode).toBe(6)
  expect(result.stderr).toContain('internal error: Invalid time value')
  expect(workspace.read('packages/portals/src/a.ts')).toContain('legacyTake')
})

test('a source with call sites that does not parse is named by file, line and column', async () => {
  workspace.write('packages/portals/src/b.ts', 'export const b = legacyTake(3)\n  <<<\n')
  await expectRefusal(
    ['migrate', 'portals'],
    5,
    'packages/portals/src/b.ts:2:3 unexpected "<<<"',
    'Nothing was written',
  )
})

test('scan still reports the rest when a source does not parse', async () => {
  workspace.write('packages/portals/src/b.ts', 'legacyTake(3) <<<\n')
  const result = await workspace.run(['scan'])
  expect(result.exitCode).toBe(5)
  expect(result.stdout).toContain('2 sites in 1 package')
  expect(result.stderr).toContain(
    'does not parse, so its sites may be missing: packages/portals/src/b.ts:1:15',
  )
})

test('a read-only file stops the run before anything is written', async () => {
  workspace.chmod('packages/portals/src/b.ts', 0o444)
  await expectRefusal(['migrate', 'portals'], 6, 'packages/portals/src/b.ts is read-only')
})

test('a file that cannot be read stops the run', async () => {
  workspace.write('packages/portals/package.json', '{ not json')
  workspace.write('pgferry.config.ts', '')
  await expectRefusal(['init', '--force'], 6, /package\.json cannot be read/)
})

test('a write that fails in the middle takes back what was written', async () => {
  const before = workspace.snapshot()
  const files = {
    ...nodeFileOperations,
    rename: (from: string, to: string) => {
      if (to.endsWith('b.ts') && from.endsWith('.tmp')) throw new Error('ENOSPC: no space left on device')
      nodeFileOperations.rename(from, to)
    },
  }
  const result = await workspace.run(['migrate', 'portals'], { deps: { ...stubDeps, files } })
  expect(result).toMatchObject({ exitCode: 6, stdout: '' })
  expect(result.stderr).toContain('migrate stopped: ENOSPC: no space left on device')
  expect(workspace.snapshot()).toEqual(before)
})

test('connections to a module that is not there are refused before anything is written', async () => {
  workspace.write(
    'pgferry.config.ts',
    config(
      `{ name: 'portals', path: 'packages/portals', connections: { import: 'c', from: './src/missing' } }`,
    ),
  )
  await expectRefusal(
    ['migrate', 'portals'],
    2,
    'connections.from: received "./src/missing", and there is no such module',
  )
})

test('a dry run does without that module, and says that it could not type-check', async () => {
  workspace.write(
    'pgferry.config.ts',
    config(
      `{ name: 'portals', path: 'packages/portals', connections: { import: 'c', from: './src/database' } }`,
    ),
  )
  workspace.write('packages/portals/tsconfig.json', '{}')
  const result = await workspace.run(['migrate', 'portals', '--dry-run'])
  expect(result.exitCode).toBe(0)
  expect(result.stdout).toContain('+export const a = serviceTake(2)')
  expect(result.stderr).toContain(
    'note: not type-checked: package "portals", connections.import: received "c", and ./src/database has no such export',
  )
})

test('migrate without connections tells which option is missing and what it looks like', async () => {
  workspace.write('pgferry.config.ts', config(`{ name: 'portals', path: 'packages/portals' }`))
  await expectRefusal(['migrate', 'portals'], 2, `expected { import: 'connections', from: './src/database' }`)
})

test('init does not overwrite a configuration without --force', async () => {
  await expectRefusal(['init'], 2, 'pgferry.config.ts is there already', '--force')
})

test('an unknown option of the command line is a usage error with a suggestion', async () => {
  await expectRefusal(['scan', '--fail-om', 'leak'], 2, /unknown option '--fail-om'[^]*--fail-on/)
  await expectRefusal(['migrate'], 2, "missing required argument 'package'")
  await expectRefusal(
    ['migrate', 'portals', '--style', 'x'],
    2,
    'Allowed choices are await-using, callback, acquire-release',
  )
  await expectRefusal(['scan', '--fail-on', 'x'], 2, 'Allowed: leak, manual, rewritable, already')
  await expectRefusal(['scn'], 2, "unknown command 'scn'", 'scan')
})

test('--json to a folder that is not there is an error, not a lost report', async () => {
  mkdirSync(workspace.path('out'))
  await expectRefusal(['scan', '--json', 'nowhere/report.json'], 6, '--json: nowhere/report.json')
})

test('with --json - an error is an object on standard output too', async () => {
  const result = await workspace.run(['migrate', 'portal', '--json', '-'])
  expect(result.exitCode).toBe(3)
  expect(JSON.parse(result.stdout)).toMatchObject({
    schemaVersion: 1,
    error: { code: 'PACKAGE_NOT_FOUND', details: ['known: portals'] },
  })
})

test('another process that is writing is waited for', async () => {
  workspace.write('.pgferry/lock', '77')
  const deps = { ...stubDeps, isProcessAlive: (id: number) => id === 77 }
  const busy = await workspace.run(['migrate', 'portals'], { deps })
  expect(busy).toMatchObject({ exitCode: 2, stdout: '' })
  expect(busy.stderr).toContain('process 77 is writing in this workspace')
  expect((await workspace.run(['migrate', 'portals'])).exitCode).toBe(0)
})

test('an internal error says so and exits with 6', async () => {
  const deps = {
    ...stubDeps,
    knowledge: {
      ...stubDeps.knowledge,
      analyze: () => {
        throw new TypeError('boom')
      },
    },
  }
  const result = await workspace.run(['scan'], { deps })
  expect(result.exitCode).toBe(6)
  expect(result.stderr).toMatch(/internal error: boom\n {2}at /)
})

test('a package whose path is a file, and a configuration that is a folder, are refused as such', async () => {
  await expectRefusal(['scan', '--config', 'packages'], 2, 'received "packages", which is a folder')
  workspace.write('pgferry.config.ts', config(`{ name: 'portals', path: 'package.json' }`))
  await expectRefusal(['scan'], 3, 'package "portals": there is no folder')
})

test('a configuration that does not parse is told with its line', async () => {
  workspace.write('pgferry.config.ts', 'export default {\n  packages: [[[}\n')
  await expectRefusal(['scan'], 2, 'cannot be loaded', /pgferry\.config\.ts:2:\d+/)
})

test('an option in the wrong place is not corrected to itself', async () => {
  workspace.write('pgferry.config.json', JSON.stringify({ packages: [], name: 'x' }))
  await expectRefusal(['scan', '--config', 'pgferry.config.json'], 2, 'name: not an option here.')
})

test('a module that is not installed is told, because its types may hide call sites', async () => {
  workspace.write('packages/portals/tsconfig.json', '{}')
  workspace.write('packages/portals/src/a.ts', "import { pool } from '@acme/core'\nlegacyTake(2)\n")
  for (const command of ['scan', 'check']) {
    workspace.write('pgferry.config.ts', config(portals.replace('{', `{ stage: 'migrated',`)))
    const { stderr } = await workspace.run([command])
    expect(stderr).toContain('note: portals: cannot find @acme/core; call sites')
  }
})

test.each(['init', 'scan', 'migrate', 'revert', 'check'])('the help of %s has an example', async (name) => {
  const { stdout, exitCode } = await workspace.run([name, '--help'])
  expect(stdout).toContain(`Examples:\n  pgferry ${name}`)
  expect(exitCode).toBe(0)
})

test('wrong usage says where the help is', async () => {
  await expectRefusal(['migrate'], 2, 'Run `pgferry migrate --help`')
  await expectRefusal(['migrat'], 2, 'Did you mean migrate', 'Run `pgferry --help`')
})
