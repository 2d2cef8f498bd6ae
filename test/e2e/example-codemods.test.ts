import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { wiringFor } from '../../examples/demo/workspace/workspace'
import { copyExampleApplication, type ExampleWorkspace } from '../support/example-application'

const run = promisify(execFile)
const root = resolve(__dirname, '../..')
const bin = join(root, 'codemods/dist/bin.js')
const components = ['test-systems', 'scripts', 'rag-adapters', 'portals', 'core'] as const

interface Totals {
  readonly sites: number
  readonly rewritable: number
  readonly rewritten: number
  readonly already: number
}

/** The codemods on every package of the example application, wired as the demo wires it. */
describe('the codemods on the example application', () => {
  let workspace: ExampleWorkspace

  const pgferry = async (...args: string[]): Promise<Totals> => {
    const { stdout } = await run(process.execPath, [bin, ...args, '--json', '-', '--quiet'], {
      cwd: workspace.path,
      maxBuffer: 64 * 1024 * 1024,
    })
    return (JSON.parse(stdout) as { totals: Totals }).totals
  }
  const build = async (): Promise<void> => {
    await run('npm', ['run', '--silent', 'build'], { cwd: workspace.path })
  }

  beforeAll(async () => {
    if (!existsSync(bin)) throw new Error('run `npm run build` first (`npm test` does)')
    workspace = await copyExampleApplication()
    const wiring = readFileSync(join(root, 'examples/demo/wiring/database.ts'), 'utf8')
    for (const component of components) {
      writeFileSync(
        join(workspace.path, `packages/${component}/src/database.ts`),
        wiringFor(component, wiring),
      )
    }
    copyFileSync(
      join(root, 'examples/demo/wiring/pgferry.config.ts'),
      join(workspace.path, 'pgferry.config.ts'),
    )
    await build()
    await workspace.commitAll('wired')
  }, 60_000)

  afterAll(() => {
    workspace.remove()
  })

  test('rewrite every provable site once, keep the types, and give every byte back', async () => {
    const before = await pgferry('scan')
    expect(before.sites).toBeGreaterThanOrEqual(60)
    expect(before.rewritable).toBeGreaterThanOrEqual(60)
    const old = fingerprint(workspace.path)

    const migrated = await pgferry('migrate', ...components)
    expect(migrated).toMatchObject({ rewritten: before.rewritable, rewritable: 0 })
    await build()
    await workspace.commitAll('rewritten')

    const rewritten = fingerprint(workspace.path)
    expect(await pgferry('migrate', ...components)).toMatchObject({
      rewritten: 0,
      rewritable: 0,
      already: before.already + before.rewritable,
    })
    expect(fingerprint(workspace.path)).toEqual(rewritten)

    await run(process.execPath, [bin, 'revert', ...components], { cwd: workspace.path })
    expect(fingerprint(workspace.path)).toEqual(old)
  }, 180_000)
})

/** Hash and mode of every source file, by path. */
function fingerprint(folder: string): Record<string, string> {
  const entries = readdirSync(join(folder, 'packages'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(^|\/)src\/.*\.ts$/.test(name) && !/node_modules|dist/.test(name))
    .map((name): [string, string] => {
      const path = join(folder, 'packages', name)
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
      return [name, `${statSync(path).mode.toString(8)} ${hash}`]
    })
  return Object.fromEntries(entries.sort())
}
