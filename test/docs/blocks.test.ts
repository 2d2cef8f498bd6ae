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

const documents = [
  'README.md',
  'MIGRATION.md',
  'docs/observability.md',
  'docs/pool.md',
  'docs/drop-in-pool.md',
]
const blocksOf = new Map(documents.map((document) => [document, readMarkdownBlocks(join(root, document))]))

describe('whole TypeScript files in the pages', () => {
  let messages: readonly Message[]

  beforeAll(() => {
    messages = compile(documents.flatMap(wholeFiles))
  }, 120_000)

  test.each(documents)('compile in %s', (document) => {
    expect(wholeFiles(document).length).toBeGreaterThan(0)
    // What belongs to no block belongs to all of them.
    expect(messages.filter((message) => [document, undefined].includes(message.document))).toEqual([])
  })
})

describe.each(documents)('the blocks of %s', (document) => {
  const blocks = blocksOf.get(document) ?? []

  test('say what they are written in', () => {
    expect(blocks.filter((block) => block.language === '').map((block) => block.line)).toEqual([])
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
})

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

interface WholeFile {
  readonly document: string
  readonly line: number
  readonly text: string
}

interface Message {
  readonly document: string | undefined
  readonly line: number | undefined
  readonly text: string
}

function wholeFiles(document: string): readonly WholeFile[] {
  return (blocksOf.get(document) ?? [])
    .filter((block) => block.language === 'ts' && /^import /m.test(block.text))
    .map(({ line, text }) => ({ document, line, text }))
}

/** Type-checks files as a user of the published packages would have them, in one program; answers the messages. */
function compile(files: readonly WholeFile[]): readonly Message[] {
  // They are in no folder but in memory: others look through the folders of the tests at the same time.
  const byPath = new Map(files.map((file, index) => [join(__dirname, `block-${index}.ts`), file]))
  const base = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
    .config as object
  const { options } = ts.parseJsonConfigFileContent({ ...base, files: [], include: [] }, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  // The application's own files are not in the page; what it imports from them is declared here.
  const textOf = (path: string): string | undefined =>
    byPath.get(path)?.text.replace(/^import \{ (\w+) \} from '\.\/[^']+'$/gm, 'declare const $1: any')
  Object.assign(host, {
    fileExists: (path: string) => byPath.has(path) || fileExists(path),
    readFile: (path: string) => textOf(path) ?? readFile(path),
    getSourceFile: (path: string, target: ts.ScriptTarget | ts.CreateSourceFileOptions) => {
      const text = textOf(path)
      return text === undefined ? getSourceFile(path, target) : ts.createSourceFile(path, text, target)
    },
  })
  const program = ts.createProgram({
    rootNames: [...byPath.keys()],
    options: { ...options, noUnusedLocals: false },
    host,
  })
  // Only what the pages say is checked; the sources are checked by `npm run lint`.
  const blocks = program.getSourceFiles().filter((file) => byPath.has(file.fileName))
  return [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...blocks.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ].map(({ file, messageText }) => {
    const block = byPath.get(file?.fileName ?? '')
    return {
      document: block?.document,
      line: block?.line,
      text: ts.flattenDiagnosticMessageText(messageText, ' '),
    }
  })
}
