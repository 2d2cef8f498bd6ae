import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readMarkdownBlocks } from '../support/markdown-blocks'

const run = promisify(execFile)
const root = resolve(__dirname, '../..')

/** Minutes 20 to 30 of CONTRIBUTING.md: the file that it shows, added to the list that it names, is seen by `scan`. */
test('the dialect of the first thirty minutes works as it is printed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgferry-newcomer-'))
  try {
    cpSync(join(root, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'))
    cpSync(join(root, 'codemods'), join(folder, 'codemods'), {
      recursive: true,
      filter: (source) => !/[\\/](dist|node_modules)$/.test(source),
    })
    for (const modules of ['node_modules', 'codemods/node_modules']) {
      if (existsSync(join(root, modules))) symlinkSync(join(root, modules), join(folder, modules))
    }

    const dialect = readMarkdownBlocks(join(root, 'CONTRIBUTING.md')).find((block) => block.language === 'ts')
    writeFileSync(join(folder, 'codemods/src/dialects/acme.ts'), `${dialect?.text ?? ''}\n`)
    const listFile = join(folder, 'codemods/src/dialects/builtin-dialects.ts')
    const list = readFileSync(listFile, 'utf8')
    const extended = `import { acme } from './acme'\n${list.replace(/(= \[)/, '$1acme, ')}`
    expect(extended).toContain('[acme, ')
    writeFileSync(listFile, extended)
    const tsc = require.resolve('typescript/bin/tsc')
    await run(process.execPath, [tsc, '-p', join(folder, 'codemods/tsconfig.build.json')]).catch(
      (error: unknown) => {
        throw new Error(`the build failed: ${(error as { stdout: string }).stdout}`)
      },
    )

    const project = join(folder, 'project')
    mkdirSync(join(project, 'src'), { recursive: true })
    writeFileSync(join(project, 'package.json'), '{ "name": "shop" }')
    writeFileSync(join(project, 'src/orders.ts'), application)
    const bin = join(folder, 'codemods/dist/bin.js')
    const { stdout } = await run(process.execPath, [bin, 'scan', '--json', '-', '--quiet'], { cwd: project })
    const report = JSON.parse(stdout) as { packages: { sites: object[] }[] }
    expect(report.packages[0]?.sites).toMatchObject([
      { dialect: 'acme', shape: 'try-finally', verdict: 'rewritable' },
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 90_000)

const application = `
interface Connection { query(text: string): Promise<unknown> }
export class AcmeDb {
  lend(): Promise<Connection> { return Promise.reject(new Error('not here')) }
  takeBack(connection: Connection): void { void connection }
}
const acme = new AcmeDb()
export async function countOrders(): Promise<unknown> {
  const connection = await acme.lend()
  try {
    return await connection.query('SELECT count(*) FROM orders')
  } finally {
    acme.takeBack(connection)
  }
}
`
