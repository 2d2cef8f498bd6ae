import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { targetStyles } from '../../codemods/src/model/target'
import { fixtureConnections, fixturesRoot, migrateText } from './support/fixtures'
import type { ConnectionSource, Trace } from './support/recording-layer'
import { runCode, type Outcome } from './support/run-code'

interface Program {
  readonly name: string
  readonly path: string
  readonly code: string
}

const folder = join(__dirname, 'hostile')
const imported = ['flip', 'note', 'pool', 'pools', 'infra', 'lazy', 'work', 'manager']

/** Answers every statement at once; the layer above records and injects. */
const imitation: ConnectionSource = {
  take: () => Promise.resolve({ query: () => Promise.resolve({ rows: [{ one: 1 }] }) } as never),
  giveBack: () => undefined,
  close: () => Promise.resolve(),
}

/** `//// name [.js] [crlf] [bom] [tabs] [nonl]` and the body of `run()`, or a module that exports it. */
function programsIn(file: string): readonly Program[] {
  const [, ...parts] = readFileSync(join(folder, file), 'utf8').split(/^\/\/\/\/ /m)
  return parts.map((part) => {
    const [head = '', ...lines] = part.split('\n')
    const [name = '', ...traits] = head.trim().split(/ +/)
    const extension = traits.find((trait) => trait.startsWith('.')) ?? '.ts'
    const plain = moduleOf(lines.join('\n').trimEnd())
    const indented = traits.includes('tabs')
      ? plain.replace(/^( {2})+/gm, (spaces) => '\t'.repeat(spaces.length / 2))
      : plain
    const ended = traits.includes('nonl') ? indented.trimEnd() : indented
    const broken = traits.includes('crlf') ? ended.replaceAll('\n', '\r\n') : ended
    return {
      name: `${file.replace('.txt', '')}: ${name}`,
      path: join(fixturesRoot, `${name}${extension}`),
      code: `${traits.includes('bom') ? '\uFEFF' : ''}${broken}`,
    }
  })
}

function moduleOf(body: string): string {
  const names = imported.filter((name) => new RegExp(`(?<![\\w.$])${name}\\b`).test(body))
  const imports = `import { ${names.join(', ')} } from './database'\n\n`
  if (/export (async )?(function\*? ?run|const run)/.test(body)) return `${imports}${body}\n`
  const lines = body.split('\n').map((line) => (line === '' ? line : `  ${line}`))
  return `${imports}export async function run() {\n${lines.join('\n')}\n}\n`
}

const programs = readdirSync(folder).flatMap(programsIn)
const withoutReleases = ({ steps }: Trace): readonly string[] =>
  steps.filter((step) => !step.startsWith('release'))

/** Where a leak is mended, or a lease or transaction written shorter, less is held; all else stays. */
function expectSame(old: Outcome, now: Outcome, labels: ReadonlySet<string>): void {
  const isShorter = labels.has('one-shot') || labels.has('transaction')
  const isMended = labels.has('closes-leak-window') || labels.has('fixes-leak')
  if (!isShorter && !(isMended && now.trace.held < old.trace.held)) {
    expect(now).toEqual(old)
    return
  }
  // A transaction that never began, or whose COMMIT was refused, is over: the service sends no ROLLBACK after it.
  const isOver =
    isShorter && old.trace.steps.some((step) => step === 'query BEGIN !' || step === 'query COMMIT !')
  const steps = withoutReleases(old.trace).filter((step) => !(isOver && step === 'query ROLLBACK'))
  expect({ steps: withoutReleases(now.trace), result: now.result, stray: now.trace.stray }).toEqual({
    steps,
    result: old.result,
    stray: 0,
  })
}

/** Marks of comments, wherever they stand. */
const commentsIn = (code: string): number => code.split(/\/\/ |\/\* /).length

const everything = { fixLeaks: true, oneShot: true, transactions: true }

describe.each([
  ['as it comes', {}, targetStyles.slice(0, 1)],
  ['with all that a person may ask for', everything, targetStyles],
] as const)('%s', (_asked, features, styles) => {
  describe.each(styles)('in style %s', (style) => {
    it.each(programs.map((one) => [one.name, one] as const))(
      '%s does the same whichever operation fails, and stays as it is in a second run',
      async (_name, { path, code }) => {
        const migrate = (text: string): ReturnType<typeof migrateText> =>
          migrateText(path, text, style, fixtureConnections, features)
        const migrated = migrate(code)
        expect(migrate(migrated.text).text).toBe(migrated.text)
        expect(commentsIn(migrated.text)).toBe(commentsIn(code))
        if (migrated.text === code) return
        expect(migrated.text.includes('\r')).toBe(code.includes('\r'))
        expect(/[^\r]\n/.test(migrated.text)).toBe(/[^\r]\n/.test(code))
        const labels = new Set<string>(migrated.sites.flatMap((site) => site.labels ?? []))
        for (let flips = 0; flips < (code.includes('flip(') ? 8 : 1); flips += 1) {
          const { operations } = await runCode(code, imitation, 0, flips)
          for (let failing = 0; failing <= operations; failing += 1) {
            const [old, now] = [
              await runCode(code, imitation, failing, flips),
              await runCode(migrated.text, imitation, failing, flips),
            ]
            expectSame({ ...old, operations: 0 }, { ...now, operations: 0 }, labels)
          }
        }
      },
    )
  })
})
