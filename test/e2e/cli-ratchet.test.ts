import type { CheckReport } from '../../codemods/src/report/check-report'
import type { TempWorkspace } from '../support/temp-workspace'
import { createTempWorkspace } from '../support/temp-workspace'
import { stubDeps } from '../unit/codemods/engine/stub-knowledge'

let workspace: TempWorkspace
beforeEach(() => {
  const packageOf = (name: string, stage = ''): string =>
    `{ name: '${name}', path: 'packages/${name}'${stage} }`
  workspace = createTempWorkspace(
    {
      'package.json': '{}',
      'pgferry.config.mjs': `export default { packages: [${packageOf('old')}, ${packageOf('other')}, ${packageOf('done', `, stage: 'migrated'`)}] }\n`,
      'packages/old/a.ts': 'legacyTake(0)\nlegacyTake(2)\n',
      'packages/other/a.ts': 'legacyTake(2)\n',
      'packages/done/a.ts': 'serviceTake(2)\n',
    },
    stubDeps,
  )
})
afterEach(() => {
  workspace.remove()
})

async function check(): Promise<CheckReport & { readonly exitCode: number }> {
  const { exitCode, stdout } = await workspace.run(['check', '--json', '-'])
  return { ...(JSON.parse(stdout) as CheckReport), exitCode }
}

describe('the ratchet', () => {
  it('is put on by a baseline: what is there passes, and is counted', async () => {
    const { stdout } = await workspace.run(['baseline'])
    expect(stdout).toBe(
      'pgferry.baseline.json: 3 legacy sites and 1 leak in 3 packages; `pgferry check` refuses more.\n',
    )
    expect(JSON.parse(workspace.read('pgferry.baseline.json'))).toEqual({
      schemaVersion: 1,
      packages: {
        done: { legacy: [], leaks: [] },
        old: { legacy: ['packages/old/a.ts#0', 'packages/old/a.ts#1'], leaks: ['packages/old/a.ts#0'] },
        other: { legacy: ['packages/other/a.ts#0'], leaks: [] },
      },
    })
    expect(await check()).toMatchObject({ exitCode: 0, newLeaks: [], newLegacySites: [] })
  })

  it('refuses a new leak and a new legacy site, and names them', async () => {
    await workspace.run(['baseline'])
    workspace.write('packages/old/b.ts', 'legacyTake(0)\n')
    workspace.write('packages/other/b.ts', 'legacyTake(1)\n')
    const report = await check()
    expect(report.exitCode).toBe(1)
    expect(report.newLeaks.map(({ id }) => id)).toEqual(['packages/old/b.ts#0'])
    expect(report.newLegacySites.map(({ id }) => id)).toEqual(['packages/other/b.ts#0'])
    const { stdout } = await workspace.run(['check'])
    expect(stdout).toContain('Leaks that the baseline does not know (1)\n  packages/old/b.ts:1:1')
    expect(stdout).toContain('Beyond the baseline: 1 new leak and 1 new legacy call site.')
  })

  it('takes a site that moved to another file for the same number of sites', async () => {
    await workspace.run(['baseline'])
    workspace.write('packages/other/a.ts', '\n')
    workspace.write('packages/other/moved.ts', 'legacyTake(2)\n')
    expect((await check()).exitCode).toBe(0)
  })

  it('says a legacy site of a migrated package once', async () => {
    await workspace.run(['baseline'])
    workspace.write('packages/done/a.ts', 'legacyTake(0)\n')
    expect(await check()).toMatchObject({
      exitCode: 1,
      findings: [{ verdict: 'leak' }],
      newLeaks: [],
      newLegacySites: [],
    })
  })

  it('knows only the packages that were written down, and keeps the others when some are written again', async () => {
    await workspace.run(['baseline', 'old'])
    workspace.write('packages/other/b.ts', 'legacyTake(0)\n')
    expect((await check()).exitCode).toBe(0)
    await workspace.run(['baseline', 'other'])
    expect(
      Object.keys((JSON.parse(workspace.read('pgferry.baseline.json')) as { packages: object }).packages),
    ).toEqual(['old', 'other'])
  })

  it('says what is wrong with a baseline that is none', async () => {
    for (const text of ['{', '{"schemaVersion":2,"packages":{}}']) {
      workspace.write('pgferry.baseline.json', text)
      const { exitCode, stderr } = await workspace.run(['check'])
      expect(exitCode).toBe(2)
      expect(stderr).toMatch(/pgferry\.baseline\.json/)
      expect(stderr).toContain('hint: Write it again with `pgferry baseline`.')
    }
  })

  it('is not put on over files that do not parse', async () => {
    workspace.write('packages/old/c.ts', 'legacyTake(2) <<<\n')
    const { exitCode } = await workspace.run(['baseline'])
    expect(exitCode).toBe(5)
    expect(Object.keys(workspace.snapshot())).not.toContain('pgferry.baseline.json')
  })

  it('refuses flag checks in a package that is complete, and only there', async () => {
    const flags = [
      `if (flags.isEnabled('pgferry.done')) run()`,
      `const on = process.env.USE_NEW_CONNECTION_SERVICE_DONE === '1'`,
      `const { USE_NEW_CONNECTION_SERVICE: all } = process.env`,
      `isEnabled('another.flag')`,
      `const text = 'USE_NEW_CONNECTION_SERVICE'`,
    ].join('\n')
    workspace.write('packages/done/flags.ts', flags)
    workspace.write('packages/old/flags.ts', flags)
    expect(await check()).toMatchObject({ exitCode: 0, staleFlags: [] })
    workspace.write(
      'pgferry.config.mjs',
      workspace.read('pgferry.config.mjs').replace('migrated', 'complete'),
    )
    expect(await check()).toMatchObject({
      exitCode: 1,
      checked: ['done'],
      staleFlags: [
        { file: 'packages/done/flags.ts', line: 1, column: 5, flag: 'pgferry.done' },
        { line: 2, column: 12, flag: 'USE_NEW_CONNECTION_SERVICE_DONE' },
        { line: 3, column: 9, flag: 'USE_NEW_CONNECTION_SERVICE' },
      ],
    })
    const { stdout } = await workspace.run(['check'])
    expect(stdout).toContain('Flag checks in complete packages (3); `pgferry cleanup` removes them')
    expect(stdout).toContain('3 stale flag checks.')
  })

  it('asks for the flags that the configuration names', async () => {
    workspace.write('packages/done/flags.ts', `if (config.flags['newPool'] && config.flags.newPool) run()\n`)
    const config = workspace.read('pgferry.config.mjs').replace('migrated', 'complete')
    workspace.write(
      'pgferry.config.mjs',
      config.replace(
        'export default {',
        `export default { cleanup: { flags: [{ expression: 'config.flags.newPool', value: true }] },`,
      ),
    )
    expect(await check()).toMatchObject({ staleFlags: [{ column: 32, flag: 'config.flags.newPool' }] })
  })

  it('writes its findings as a page and for code scanning', async () => {
    workspace.write('packages/done/a.ts', 'legacyTake(2)\nserviceTake(1)\n')
    await workspace.run(['check', '--html', 'check.html', '--sarif', 'check.sarif'])
    expect(workspace.read('check.html')).toContain('pgferry check: 1 site in')
    expect(workspace.read('check.sarif')).toContain('"startLine": 1')
  })
})
