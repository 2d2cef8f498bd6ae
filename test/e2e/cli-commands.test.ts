import { execFileSync } from 'node:child_process'
import type { RunReport } from '../../codemods/src/model/site'
import type { TempWorkspace } from '../support/temp-workspace'
import { createTempWorkspace } from '../support/temp-workspace'
import { stubDeps } from '../unit/codemods/engine/stub-knowledge'

const entry = (name: string, rest = ''): string =>
  `{ name: '${name}', path: 'packages/${name}', connections: { import: 'serviceTakes', from: './src/database' } ${rest} }`
const config = (...entries: string[]): string => `export default { packages: [${entries.join(', ')}] }\n`
const database =
  'declare global { function legacyTake(n: number): number\n function serviceTake(n: number): number }\nexport const serviceTakes = serviceTake\n'

function packageFiles(name: string): Record<string, string> {
  return {
    [`packages/${name}/package.json`]: JSON.stringify({ name: `@acme/${name}` }),
    [`packages/${name}/src/database.ts`]: database,
    [`packages/${name}/src/a.ts`]: `// ${name}\r\nexport const a = legacyTake(2)\r\nexport const b = legacyTake(3)\r\n`,
    [`packages/${name}/src/b.ts`]: 'export const c = legacyTake(0)\nexport const d = legacyTake(1)\n',
    [`packages/${name}/src/c.test.ts`]: 'export const e = legacyTake(4)\n',
    [`packages/${name}/tsconfig.json`]: JSON.stringify({ compilerOptions: { strict: true, types: [] } }),
  }
}

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace(
    {
      'package.json': JSON.stringify({ name: 'root', private: true, workspaces: ['packages/*'] }),
      'pgferry.config.mjs': config(entry('zeta'), entry('alpha')),
      ...packageFiles('zeta'),
      ...packageFiles('alpha'),
    },
    stubDeps,
  )
})
afterEach(() => {
  workspace.remove()
})

async function json<T>(argv: readonly string[]): Promise<T> {
  return JSON.parse((await workspace.run([...argv, '--json', '-'])).stdout) as T
}

describe('scan', () => {
  test('the report lists packages and sites by path, with totals', async () => {
    const report = await json<RunReport>(['scan'])
    expect(report).toMatchObject({ schemaVersion: 1, command: 'scan', root: '.' })
    expect(report.packages.map(({ name, path, files }) => ({ name, path, files }))).toEqual([
      { name: 'alpha', path: 'packages/alpha', files: 3 },
      { name: 'zeta', path: 'packages/zeta', files: 3 },
    ])
    expect(report.totals).toEqual({ sites: 8, rewritable: 4, rewritten: 0, manual: 2, leak: 2, already: 0 })
    expect(report.packages[0]?.sites.map(({ file, line }) => `${file}:${String(line)}`)).toEqual([
      'packages/alpha/src/a.ts:2',
      'packages/alpha/src/a.ts:3',
      'packages/alpha/src/b.ts:1',
      'packages/alpha/src/b.ts:2',
    ])
  })

  test('without a configuration the packages of the workspace are found by name, short name and path', async () => {
    execFileSync('rm', [workspace.path('pgferry.config.mjs')])
    workspace.write('.git/HEAD', '')
    for (const name of ['@acme/zeta', 'zeta', 'packages/zeta', './packages/zeta/']) {
      expect((await json<RunReport>(['scan', name])).packages.map((found) => found.name)).toEqual([
        '@acme/zeta',
      ])
    }
    expect((await json<RunReport>(['scan'])).totals.sites).toBe(8)
  })

  test('people read a table, leaks before manual sites, and one closing sentence', async () => {
    const { stdout, stderr, exitCode } = await workspace.run(['scan', 'zeta'])
    expect(exitCode).toBe(0)
    expect(stderr).toBe('[1/1] zeta\n')
    expect(stdout).toBe(
      [
        'package  files  sites  rewritable  leaks  manual  done',
        'zeta         3      4           2      1       1     0',
        '',
        'Leaks: a path loses the connection (1)',
        '  packages/zeta/src/b.ts:1:18  stub, legacyTake, try-finally',
        '    leaks-on-throw: An exception between acquire and release leaks the connection. Put the release in a finally block.',
        '      1:1 acquired here',
        '',
        'Manual: left as they are, with the reason (1)',
        '  packages/zeta/src/b.ts:2:18  stub, legacyTake, try-finally',
        '    escapes-to-field: keep it elsewhere',
        '',
        '4 sites in 1 package: 2 can be rewritten by `pgferry migrate`, 1 leaks a connection, 1 needs a person.',
        '',
      ].join('\n'),
    )
  })

  test('--fail-on turns findings into exit code 1', async () => {
    expect((await workspace.run(['scan', '--fail-on', 'already'])).exitCode).toBe(0)
    expect((await workspace.run(['scan', '--fail-on', 'already,leak'])).exitCode).toBe(1)
    expect((await workspace.run(['scan', '--fail-on', 'already', '--fail-on', 'manual'])).exitCode).toBe(1)
  })

  test('--include-tests looks at test code too', async () => {
    expect((await json<RunReport>(['scan', 'zeta', '--include-tests'])).totals.sites).toBe(5)
  })

  test('--quiet leaves standard error empty, and --json FILE writes a file beside the report', async () => {
    const { stdout, stderr } = await workspace.run(['scan', '--quiet', '--json', 'report.json'])
    expect(stderr).toBe('')
    expect(stdout).toContain('total')
    expect(JSON.parse(workspace.read('report.json'))).toMatchObject({ command: 'scan' })
  })

  test('--html writes a page', async () => {
    await workspace.run(['scan', '--html', 'report.html'])
    expect(workspace.read('report.html')).toContain('<title>pgferry scan: 8 sites in 2 packages</title>')
  })
})

describe('migrate', () => {
  test('provable sites are rewritten and everything else keeps its bytes', async () => {
    const report = await json<RunReport>(['migrate', 'zeta'])
    expect(report.totals).toEqual({ sites: 4, rewritable: 0, rewritten: 2, manual: 1, leak: 1, already: 0 })
    expect(workspace.read('packages/zeta/src/a.ts')).toBe(
      '// zeta\r\nexport const a = serviceTake(2)\r\nexport const b = serviceTake(3)\r\n',
    )
    expect(workspace.read('packages/alpha/src/a.ts')).toContain('legacyTake(2)')
    expect(workspace.read('.pgferry/.gitignore')).toBe('*\n')
  })

  test('a second migrate changes nothing, commit or not', async () => {
    workspace.commitAll()
    await workspace.run(['migrate', 'zeta'])
    const once = workspace.snapshot()
    const { exitCode, stderr } = await workspace.run(['migrate', 'zeta'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('nothing to rewrite; no file was written')
    expect(workspace.snapshot()).toEqual(once)
  })

  test('the order of the packages does not matter, nor whether they go together', async () => {
    workspace.commitAll()
    const results: unknown[] = []
    for (const runs of [[['zeta', 'alpha']], [['alpha', 'zeta']], [['zeta'], ['alpha']]]) {
      for (const names of runs) await workspace.run(['migrate', ...names])
      results.push(workspace.snapshot())
      await workspace.run(['revert', 'alpha', 'zeta'])
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })

  test('--dry-run prints a diff that git applies to the very result, and writes nothing', async () => {
    workspace.commitAll()
    const before = workspace.snapshot()
    const { stdout, stderr } = await workspace.run(['migrate', 'alpha', 'zeta', '--dry-run'])
    expect(workspace.snapshot()).toEqual(before)
    expect(stderr).toContain('nothing was written; 2 files would change')
    expect(stderr).toContain('8 sites in 2 packages')
    execFileSync('git', ['apply', '-'], { cwd: workspace.root, input: stdout })
    const applied = workspace.snapshot()
    execFileSync('git', ['checkout', '-q', '.'], { cwd: workspace.root })
    await workspace.run(['migrate', 'alpha', 'zeta'])
    expect(workspace.snapshot()).toEqual(applied)
  })

  test('a rewrite that would not type-check is left alone with its message, and its neighbour is rewritten', async () => {
    workspace.write(
      'packages/zeta/src/a.ts',
      'export const a = legacyTake(2)\nexport const b = legacyTake(13)\n',
    )
    const report = await json<RunReport>(['migrate', 'zeta'])
    expect(workspace.read('packages/zeta/src/a.ts')).toBe(
      'export const a = serviceTake(2)\nexport const b = legacyTake(13)\n',
    )
    expect(report.packages[0]?.sites[1]).toMatchObject({ verdict: 'manual', reason: 'type-error' })
    expect(report.packages[0]?.sites[1]?.advice).toContain(
      "TS2345: Argument of type 'string' is not assignable",
    )
  })

  test('a rewrite that would not parse is left alone, with every site of its file', async () => {
    workspace.write(
      'packages/zeta/src/a.ts',
      'export const a = legacyTake(2)\nexport const b = legacyTake(14)\n',
    )
    const before = workspace.read('packages/zeta/src/a.ts')
    workspace.write('packages/zeta/src/d.ts', 'export const x = legacyTake(5)\n')
    const report = await json<RunReport>(['migrate', 'zeta'])
    expect(report.totals).toMatchObject({ rewritten: 1, manual: 3 })
    expect(workspace.read('packages/zeta/src/a.ts')).toBe(before)
  })

  test('--style replaces the style of the configuration, and plain JavaScript gets the callback form', async () => {
    workspace.write('packages/zeta/src/plain.js', 'const x = legacyTake(5)\n')
    workspace.write('packages/zeta/tsconfig.json', '{}')
    await workspace.run(['migrate', 'zeta'])
    expect(workspace.read('packages/zeta/src/plain.js')).toBe('const x = serviceTake(5) /* callback */\n')
    await workspace.run(['migrate', 'alpha', '--style', 'acquire-release'])
    expect(workspace.read('packages/alpha/src/a.ts')).toContain('serviceTake(2) /* acquire-release */')
  })

  test('a file that had type errors before is still migrated, with a remark', async () => {
    const text = workspace.read('packages/zeta/src/a.ts')
    workspace.write('packages/zeta/src/a.ts', `${text}export const wrong: number = 'x'\n`)
    const { exitCode, stderr } = await workspace.run(['migrate', 'zeta'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('zeta: 1 type error was there before; none was added')
  })

  test('outside a repository a remark replaces the check for uncommitted work', async () => {
    expect((await workspace.run(['migrate', 'zeta'])).stderr).toContain('note: not a git repository')
  })
})

describe('revert', () => {
  test('bytes and modes are those from before the migrate, package by package', async () => {
    workspace.chmod('packages/zeta/src/a.ts', 0o755)
    const before = workspace.snapshot()
    await workspace.run(['migrate', 'zeta', 'alpha'])
    workspace.chmod('packages/zeta/src/a.ts', 0o600)
    const { stdout } = await workspace.run(['revert', 'zeta'])
    expect(stdout).toBe('zeta: 1 file as before 000001-migrate\n  packages/zeta/src/a.ts\n')
    expect(workspace.read('packages/alpha/src/a.ts')).toContain('serviceTake')
    await workspace.run(['revert', 'alpha'])
    expect(workspace.snapshot()).toEqual(before)
  })

  test('each revert goes back over one migrate, and then there is none', async () => {
    const before = workspace.snapshot()
    await workspace.run(['migrate', 'zeta'])
    const first = workspace.snapshot()
    const added = `${workspace.read('packages/zeta/src/a.ts')}export const late = legacyTake(9)\r\n`
    workspace.write('packages/zeta/src/a.ts', added)
    await workspace.run(['migrate', 'zeta'])
    await workspace.run(['revert', 'zeta'])
    expect(workspace.read('packages/zeta/src/a.ts')).toBe(added)
    workspace.write('packages/zeta/src/a.ts', added.replace('export const late = legacyTake(9)\r\n', ''))
    expect(workspace.snapshot()).toEqual(first)
    await workspace.run(['revert', 'zeta'])
    expect(workspace.snapshot()).toEqual(before)
    const { exitCode, stdout } = await workspace.run(['revert', 'zeta'])
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'zeta: there is no migrate or cleanup to take back\n',
    })
  })

  test('a file edited since is refused by name and nothing is written', async () => {
    await workspace.run(['migrate', 'zeta', 'alpha'])
    workspace.write('packages/zeta/src/a.ts', `${workspace.read('packages/zeta/src/a.ts')}// later\n`)
    const edited = workspace.snapshot()
    const { exitCode, stderr } = await workspace.run(['revert', 'zeta', 'alpha'])
    expect(exitCode).toBe(4)
    expect(stderr).toContain('  packages/zeta/src/a.ts: edited\nhint: Pass --merge')
    expect(workspace.snapshot()).toEqual(edited)
  })

  test('--merge keeps later edits and takes back the rewrite around them', async () => {
    const before = 'export const a = legacyTake(2)\n\nexport const x = 1\n\nexport const b = legacyTake(3)\n'
    workspace.write('packages/zeta/src/a.ts', before)
    await workspace.run(['migrate', 'zeta'])
    workspace.write(
      'packages/zeta/src/a.ts',
      workspace.read('packages/zeta/src/a.ts').replace('x = 1', 'x = 2'),
    )
    const { exitCode, stdout } = await workspace.run(['revert', 'zeta', '--merge'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('packages/zeta/src/a.ts  (later edits kept)')
    expect(workspace.read('packages/zeta/src/a.ts')).toBe(before.replace('x = 1', 'x = 2'))
  })

  test('--merge refuses an edit of a migrated line, and a deleted file', async () => {
    await workspace.run(['migrate', 'zeta'])
    workspace.write(
      'packages/zeta/src/a.ts',
      workspace.read('packages/zeta/src/a.ts').replace('serviceTake(2)', 'serviceTake(7)'),
    )
    const conflict = await workspace.run(['revert', 'zeta', '--merge'])
    expect(conflict.exitCode).toBe(4)
    expect(conflict.stderr).toContain('packages/zeta/src/a.ts: the edit touches migrated lines 2-3')
    execFileSync('rm', [workspace.path('packages/zeta/src/a.ts')])
    expect((await workspace.run(['revert', 'zeta', '--merge'])).stderr).toContain(
      'packages/zeta/src/a.ts: deleted',
    )
  })
})

describe('check', () => {
  test('legacy call sites in a migrated package are findings, leaks first', async () => {
    workspace.write('pgferry.config.mjs', config(entry('zeta', ", stage: 'migrated'"), entry('alpha')))
    const { exitCode, stdout } = await workspace.run(['check'])
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(
      /^Leaks in migrated packages \(1\)[^]*Legacy call sites in migrated packages \(3\)/,
    )
    expect(stdout).toContain('1 migrated package: 4 legacy call sites. 1 package still has stage "legacy".')
  })

  test('a migrated package without legacy sites passes', async () => {
    workspace.write('pgferry.config.mjs', config(entry('zeta', ", stage: 'migrated'")))
    workspace.write('packages/zeta/src/b.ts', '')
    await workspace.run(['migrate', 'zeta'])
    const { exitCode, stdout } = await workspace.run(['check'])
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: '1 migrated package: no legacy call site.\n',
    })
  })

  test('a migrated package that does not parse cannot pass', async () => {
    workspace.write('pgferry.config.mjs', config(entry('zeta', ", stage: 'migrated'")))
    workspace.write('packages/zeta/src/b.ts', 'legacyTake(2) <<<')
    expect((await workspace.run(['check'])).exitCode).toBe(5)
  })

  test('without a migrated package there is nothing to hold', async () => {
    const { exitCode, stdout } = await workspace.run(['check'])
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'No package has stage "migrated" yet, so there is nothing to hold.\n',
    })
  })
})

describe('init', () => {
  test('the configuration names the packages with sites and loads as it is', async () => {
    workspace.write('.git/HEAD', '')
    workspace.write('packages/empty/package.json', '{ "name": "@acme/empty" }')
    workspace.write('packages/alpha/src/database.ts', '')
    execFileSync('rm', [
      workspace.path('pgferry.config.mjs'),
      workspace.path('packages/zeta/src/database.ts'),
    ])
    const { exitCode, stdout } = await workspace.run(['init'], { cwd: workspace.path('packages/zeta') })
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      [
        'pgferry.config.ts written: 8 sites in 2 of 3 packages.',
        '  alpha: 4 sites (stub)',
        '  zeta: 4 sites (stub)',
        'Next: check `connections` of each package in pgferry.config.ts, then run `pgferry scan`.',
        '',
      ].join('\n'),
    )
    const text = workspace.read('pgferry.config.ts')
    expect(text).toContain("path: 'packages/zeta'")
    expect(text).toContain('// placeholder: write this module')
    expect(text).toContain('// ./src/database exists')
    expect(text).toContain("dialects: ['stub'],")
    expect((await json<RunReport>(['scan'])).packages.map(({ name }) => name)).toEqual(['alpha', 'zeta'])
  })

  test('with nothing found the configuration has every package, in which what comes later is found', async () => {
    workspace = createTempWorkspace(
      { '.git/HEAD': '', 'package.json': '{ "name": "bare" }', 'a.ts': '' },
      stubDeps,
    )
    const { stdout } = await workspace.run(['init'])
    expect(stdout).toContain('No known legacy API was found.')
    expect(workspace.read('pgferry.config.ts')).toContain('// no site of a known API')
    workspace.write('b.ts', 'legacyTake(2)')
    expect((await json<RunReport>(['scan'])).packages.map(({ name, sites }) => [name, sites.length])).toEqual(
      [['bare', 1]],
    )
  })

  test('a configuration of another kind is not hidden by a new one', async () => {
    const { exitCode, stderr } = await workspace.run(['init', '--force'])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('hint: Delete pgferry.config.mjs first.')
  })
})

describe('the command line', () => {
  test('help and version answer on standard output with exit code 0', async () => {
    const help = await workspace.run(['--help'])
    expect(help).toMatchObject({ exitCode: 0, stderr: '' })
    for (const command of ['init', 'scan', 'migrate', 'revert', 'check'])
      expect(help.stdout).toContain(`  ${command} `)
    expect(help.stdout).toContain('4 work tree dirty')
    expect(await workspace.run(['--version'])).toEqual({ exitCode: 0, stdout: '0.0.0\n', stderr: '' })
    expect((await workspace.run(['scan', '--help'])).stdout).toContain('--fail-on')
  })
})

test('a migrate whose history cannot be written has migrated all the same, and says what is missing', async () => {
  const files = {
    ...stubDeps.files,
    create: (path: string, bytes: Buffer, identity?: Parameters<typeof stubDeps.files.create>[2]) => {
      if (path.includes('history')) throw new Error('ENOSPC: no space left on device')
      stubDeps.files.create(path, bytes, identity)
    },
  }
  const { exitCode, stderr } = await workspace.run(['migrate', 'alpha', '--allow-dirty'], {
    deps: { ...stubDeps, files },
  })
  expect(exitCode).toBe(0)
  expect(workspace.read('packages/alpha/src/a.ts')).toContain('serviceTake(2)')
  expect(stderr).toMatch(/note: this run is missing in .*history\.jsonl, which cannot be written: ENOSPC/)
})
