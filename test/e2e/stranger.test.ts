import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readMarkdownBlocks } from '../support/markdown-blocks'
import { testDatabase } from '../support/postgres'

const run = promisify(execFile)
const root = resolve(__dirname, '../..')
const application = join(__dirname, 'foreign-app')

/**
 * The README's quick start, word for word, as somebody would follow it who has only the two packed tarballs and an
 * application that this repository does not know.
 */
describe('a stranger follows the quick start', () => {
  const blocks = readMarkdownBlocks(join(root, 'README.md'))
  let project: string
  let database: Awaited<ReturnType<typeof testDatabase>>

  const shell = async (command: string): Promise<{ stdout: string; stderr: string }> => {
    try {
      return await run('bash', ['-euc', command], {
        cwd: project,
        env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: '1', npm_config_yes: 'false' },
        maxBuffer: 16 * 1024 * 1024,
      })
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`'${command}' failed\n${stdout}\n${stderr}`, { cause: error })
    }
  }
  const source = (name: string): string => readFileSync(join(project, name), 'utf8')
  const quickStartCommand = (start: string): string => {
    const lines = blocks
      .filter((b) => b.attributes['quickstart'] && b.language === 'sh')
      .flatMap((b) => b.text.split('\n'))
    const found = lines.find((line) => line === start)
    if (found === undefined) throw new Error(`the README's quick start has no line '${start}'`)
    return found
  }
  const writeQuickStartFile = (name: string): void => {
    const block = blocks.find((b) => b.attributes['file'] === name && b.attributes['quickstart'])
    if (block === undefined) throw new Error(`the README's quick start has no block for ${name}`)
    writeFileSync(join(project, name), `${block.text}\n`)
  }
  /** Builds and runs the application; it prints its result, and on the second line who served its units of work. */
  const runApplication = async (): Promise<{
    result: unknown
    sides: { legacy: number; service: number }
  }> => {
    await shell('npm run --silent build')
    const { stdout } = await shell('npm run --silent start')
    const [result = '', sides = '{}'] = stdout.trim().split('\n')
    return { result: JSON.parse(result), sides: JSON.parse(sides) as { legacy: number; service: number } }
  }

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/index.js')) || !existsSync(join(root, 'codemods/dist/bin.js'))) {
      throw new Error('this test installs the packed build: run `npm run build` first (`npm test` does)')
    }
    database = await testDatabase()
    project = mkdtempSync(join(tmpdir(), 'pgferry-stranger-'))
    cpSync(application, project, { recursive: true })
    const tarballs = join(project, '.tarballs')
    mkdirSync(tarballs)
    for (const folder of [root, join(root, 'codemods')]) {
      await run('npm', ['pack', folder, '--pack-destination', tarballs, '--ignore-scripts'], { cwd: root })
    }
    await shell('npm install --no-audit --no-fund --prefer-offline .tarballs/*.tgz')
    await shell("printf 'node_modules\\ndist\\n.tarballs\\n' > .gitignore && git init -q && git add -A")
    await shell("git -c user.name=ada -c user.email=ada@example.com commit -qm 'as it was'")
  }, 180_000)

  afterAll(async () => {
    rmSync(project, { recursive: true, force: true })
    await database.close()
  })

  const commit = async (message: string): Promise<void> => {
    await shell(`git add -A && git -c user.name=ada -c user.email=ada@example.com commit -qm '${message}'`)
  }
  const expectedResult = (ada: number, bob: number): unknown => ({
    isMoved: true,
    isRefused: true,
    accounts: [
      { name: 'ada', balance: ada },
      { name: 'bob', balance: bob },
    ],
  })

  test('from scan to revert, each step does what the README says', async () => {
    // 2. Look: no configuration yet, and nothing is written but the config.
    const scan = await shell(quickStartCommand('npx pgferry scan'))
    expect(scan.stdout).toContain('src/ledger-db.ts')
    await shell(quickStartCommand('npx pgferry init'))
    expect(existsSync(join(project, 'pgferry.config.ts'))).toBe(true)

    // 3 and 4. The configuration and the wiring, as printed.
    writeQuickStartFile('pgferry.config.ts')
    writeQuickStartFile('src/connections.ts')
    const closing = source('src/main.ts')
      .replace(
        'import { closeDatabase, ledgerDb }',
        "import { closeConnections, ferry } from './connections'\nimport { closeDatabase, ledgerDb }",
      )
      .replace(
        '.finally(closeDatabase)',
        '.finally(() => {\n    console.log(JSON.stringify(ferry.status().components[0]?.units))\n  })\n  .finally(closeConnections)\n  .finally(closeDatabase)',
      )
    writeFileSync(join(project, 'src/main.ts'), closing)
    await commit('wired')
    expect((await runApplication()).sides).toEqual({ legacy: 0, service: 0 })

    // 5. Rewrite.
    const before = source('src/accounts.ts')
    const dryRun = await shell(quickStartCommand('npx pgferry migrate ledger --dry-run'))
    expect(dryRun.stdout).toContain("+  await using db = await connections.connection('general')")
    expect(source('src/accounts.ts')).toBe(before)
    await shell(quickStartCommand('npx pgferry migrate ledger'))
    const after = source('src/accounts.ts')
    expect(after).toContain("import { connections } from './connections'")
    expect(after.match(/await using db = await connections\.connection\('general'\)/g)).toHaveLength(3)
    // The factory hands its connection out: nobody can prove where it is released, so it stays.
    expect(after).toContain('const db = await ledgerDb.borrow()')
    await commit('rewritten')
    const report = JSON.parse((await shell('npx pgferry scan ledger --json - --quiet')).stdout) as {
      totals: { rewritable: number; already: number }
      packages: { sites: { file: string; reason?: string }[] }[]
    }
    expect(report.totals).toMatchObject({ rewritable: 0, already: 3 })
    expect(report.packages[0]?.sites.filter((s) => s.file === 'src/accounts.ts' && s.reason)).toMatchObject([
      { reason: 'escapes-to-return' },
    ])

    // 6. The flag decides who serves the new call sites.
    expect(await runApplication()).toEqual({
      result: expectedResult(140, 60),
      sides: { legacy: 5, service: 0 },
    })
    writeQuickStartFile('pgferry-flags.json')
    expect(await runApplication()).toEqual({
      result: expectedResult(210, 90),
      sides: { legacy: 0, service: 5 },
    })
    await commit('flipped')

    // 7. And back, to the byte.
    await shell(quickStartCommand('npx pgferry revert ledger'))
    expect(source('src/accounts.ts')).toBe(before)
    expect((await runApplication()).result).toEqual(expectedResult(280, 120))
  }, 180_000)

  test('import and require see one and the same class', async () => {
    const script = `
      import { LeaseEndedError as fromImport } from 'pgferry'
      import { createRequire } from 'node:module'
      const { LeaseEndedError: fromRequire } = createRequire(import.meta.url)('pgferry')
      console.log(fromImport === fromRequire)`
    writeFileSync(join(project, 'identity.mjs'), script)
    const { stdout } = await shell('node identity.mjs')
    expect(stdout.trim()).toBe('true')
    rmSync(join(project, 'identity.mjs'))
  })

  test('the runtime installs without the compiler that the codemods need', () => {
    const manifest = JSON.parse(readFileSync(join(project, 'node_modules/pgferry/package.json'), 'utf8')) as {
      dependencies?: Record<string, string>
    }
    expect(Object.keys(manifest.dependencies ?? {})).toEqual([])
    expect(dirname(require.resolve('pgferry/package.json', { paths: [project] }))).toContain('node_modules')
  })
})
