import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { fileFlags } from 'pgferry/legacy'
import { readMarkdownBlocks } from '../support/markdown-blocks'
import { copyExampleApplication } from '../support/example-application'

const run = promisify(execFile)
const root = resolve(__dirname, '../..')
const bin = join(root, 'codemods/dist/bin.js')

describe.each(['README.md', 'MIGRATION.md', 'docs/observability.md', 'docs/pool.md', 'docs/drop-in-pool.md'])(
  'the blocks of %s',
  (document) => {
    const blocks = readMarkdownBlocks(join(root, document))

    test('say what they are written in', () => {
      expect(blocks.filter((block) => block.language === '').map((block) => block.line)).toEqual([])
    })

    test('compile, where they are whole TypeScript files', () => {
      const whole = blocks.filter((block) => block.language === 'ts' && /^import /m.test(block.text))
      expect(whole.length).toBeGreaterThan(0)
      expect(compile(whole.map((block) => ({ name: `line-${block.line}.ts`, text: block.text })))).toEqual([])
    })

    test('are flags that the file source understands, where they are JSON', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'pgferry-docs-'))
      for (const block of blocks.filter((b) => b.language === 'json')) {
        const path = join(folder, `line-${block.line}.json`)
        writeFileSync(path, block.text)
        const flags = fileFlags(path)
        expect({ line: block.line, state: flags.health().state }).toEqual({ line: block.line, state: 'live' })
        await flags.close()
      }
      rmSync(folder, { recursive: true })
    })

    test('name only scripts that exist, where they run this repository', () => {
      const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object })
        .scripts
      const commands = blocks.filter((b) => b.attributes['ci']).map((b) => b.text)
      for (const command of commands) {
        const name = /npm (?:run )?(\w+)$/.exec(command)?.[1]
        expect(Object.keys(scripts)).toContain(name)
      }
    })
  },
)

/** The README's commands are run by the stranger's test; these are run here, in the order of the page. */
test('the commands of MIGRATION.md run on the example application, in their order', async () => {
  if (!existsSync(bin)) throw new Error('run `npm run build` first (`npm test` does)')
  const blocks = readMarkdownBlocks(join(root, 'MIGRATION.md'))
  const workspace = await copyExampleApplication()
  try {
    for (const block of blocks) {
      if (block.attributes['file'] !== undefined)
        writeFileSync(join(workspace.path, block.attributes['file']), block.text)
      if (block.language !== 'sh') continue
      for (const command of block.text.split('\n').filter((line) => line.trim() !== '')) {
        const [npx, pgferry, ...args] = command.trim().split(/\s+/)
        expect([npx, pgferry]).toEqual(['npx', 'pgferry'])
        await workspace.commitAll(`before ${command.trim()}`)
        await run(process.execPath, [bin, ...args], {
          cwd: workspace.path,
          env: { ...process.env, NO_COLOR: '1' },
        })
      }
    }
  } finally {
    workspace.remove()
  }
}, 300_000)

/** Type-checks files as a user of the published packages would have them; answers the messages. */
function compile(files: readonly { name: string; text: string }[]): string[] {
  const folder = mkdtempSync(join(root, 'test/docs/.compiled-'))
  try {
    const paths = files.map((file) => {
      const path = join(folder, file.name)
      // The application's own files are not in the page; what it imports from them is declared here.
      writeFileSync(
        path,
        file.text.replace(/^import \{ (\w+) \} from '\.\/[^']+'$/gm, 'declare const $1: any'),
      )
      return path
    })
    const base = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
      .config as object
    const parsed = ts.parseJsonConfigFileContent({ ...base, files: paths, include: [] }, ts.sys, root)
    const program = ts.createProgram({
      rootNames: paths,
      options: { ...parsed.options, noUnusedLocals: false },
    })
    return ts
      .getPreEmitDiagnostics(program)
      .filter((d) => d.file === undefined || paths.includes(d.file.fileName))
      .map(
        (d) =>
          `${d.file?.fileName.split('/').pop() ?? ''}: ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`,
      )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
