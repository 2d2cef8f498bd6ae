import fc from 'fast-check'
import { fixturesRoot, migrateText } from '../codemods/support/fixtures'
import type { ConnectionSource } from '../codemods/support/recording-layer'
import { isRunnable, runCode } from '../codemods/support/run-code'
import { targetStyles } from '../../codemods/src/model/target'

/** Random functions out of a small grammar, run before and after: the machine must never prove what is not so. */
type Statement =
  | {
      readonly kind:
        'query' | 'note' | 'work' | 'throw' | 'return' | 'return-promise' | 'break' | 'continue' | 'declare'
    }
  | { readonly kind: 'if' | 'loop' | 'block'; readonly body: readonly Statement[] }
  | {
      readonly kind: 'try'
      readonly body: readonly Statement[]
      readonly handler: readonly Statement[]
      readonly last: readonly Statement[]
    }
  | {
      readonly kind: 'bracket'
      readonly gap: readonly Statement[]
      readonly body: readonly Statement[]
      readonly handler: readonly Statement[] | undefined
      readonly release: 'plain' | 'guarded' | 'early' | 'missing' | 'outside'
    }

const statements = fc.letrec<{ list: readonly Statement[]; one: Statement; simple: Statement }>((tie) => ({
  simple: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .constantFrom('query', 'note', 'work', 'declare')
        .map((kind): Statement => ({ kind: kind as 'query' })),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('throw', 'return', 'return-promise', 'break', 'continue')
        .map((kind): Statement => ({ kind: kind as 'throw' })),
    },
  ),
  one: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'statement' },
    tie('simple'),
    fc.record({ kind: fc.constantFrom('if' as const, 'loop' as const, 'block' as const), body: tie('list') }),
    fc.record({
      kind: fc.constant('try' as const),
      body: tie('list'),
      handler: tie('list'),
      last: fc.constant([]),
    }),
    fc.record({
      kind: fc.constant('bracket' as const),
      gap: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: tie('list') }),
      body: tie('list'),
      handler: fc.option(tie('list'), { nil: undefined }),
      release: fc.constantFrom(
        'plain' as const,
        'plain' as const,
        'plain' as const,
        'guarded' as const,
        'early' as const,
        'missing' as const,
        'outside' as const,
      ),
    }),
  ),
  list: fc.array(tie('one'), { minLength: 1, maxLength: 3, depthIdentifier: 'statement' }),
}))

interface Scope {
  readonly connections: readonly string[]
  readonly isInLoop: boolean
}

/** Numbers make every statement distinct, so that traces tell them apart; declared names repeat on purpose. */
class Printer {
  private count = 0

  lines(list: readonly Statement[], scope: Scope, indent: string): string {
    return list.map((one) => this.statement(one, scope, indent)).join('')
  }

  private statement(statement: Statement, scope: Scope, indent: string): string {
    const n = (this.count += 1)
    const inner = `${indent}  `
    const connection = scope.connections.at(-1)
    switch (statement.kind) {
      case 'query':
        return connection === undefined
          ? `${indent}await work('w${n}')\n`
          : `${indent}await ${connection}.query('q${n}')\n`
      case 'note':
        return `${indent}note('n${n}')\n`
      case 'work':
        return `${indent}await work('w${n}')\n`
      case 'declare':
        return `${indent}const label${n % 3} = ${n}\n${indent}note(String(label${n % 3}))\n`
      case 'throw':
        return `${indent}if (flip()) throw new Error('t${n}')\n`
      case 'return':
        return `${indent}if (flip()) return 'r${n}'\n`
      case 'return-promise':
        return `${indent}if (flip()) return work('p${n}')\n`
      case 'break':
      case 'continue':
        return scope.isInLoop ? `${indent}if (flip()) ${statement.kind}\n` : `${indent}note('n${n}')\n`
      case 'block':
        return `${indent}{\n${this.lines(statement.body, scope, inner)}${indent}}\n`
      case 'if':
        return `${indent}if (flip()) {\n${this.lines(statement.body, scope, inner)}${indent}}\n`
      case 'loop':
        return `${indent}for (let i${n} = 0; i${n} < 2; i${n} += 1) {\n${this.lines(statement.body, { ...scope, isInLoop: true }, inner)}${indent}}\n`
      case 'try':
        return `${indent}try {\n${this.lines(statement.body, scope, inner)}${indent}} catch {\n${this.lines(statement.handler, scope, inner)}${indent}}\n`
      case 'bracket':
        return this.bracket(statement, n, scope, indent)
    }
  }

  private bracket(
    statement: Extract<Statement, { kind: 'bracket' }>,
    n: number,
    scope: Scope,
    indent: string,
  ): string {
    const name = `conn${n}`
    const inside: Scope = { ...scope, connections: [...scope.connections, name] }
    const inner = `${indent}  `
    const put = `pools.putconn(${name})`
    const early = statement.release === 'early' ? `${inner}if (flip()) { ${put}; return 'e${n}' }\n` : ''
    const body = `${early}${this.lines(statement.body, inside, inner)}`
    const handler =
      statement.handler === undefined
        ? ''
        : ` catch {\n${this.lines(statement.handler, inside, inner)}${indent}}`
    const last =
      statement.release === 'guarded'
        ? `if (${name}) ${put}`
        : statement.release === 'missing'
          ? `note('lost${n}')`
          : put
    const end =
      statement.release === 'outside'
        ? ` finally {\n${inner}note('f${n}')\n${indent}}\n${indent}${put}\n`
        : ` finally {\n${inner}${last}\n${indent}}\n`
    return `${indent}const ${name} = await pools.getconn()\n${this.lines(statement.gap, inside, indent)}${indent}try {\n${body}${indent}}${handler}${end}`
  }
}

function print(list: readonly Statement[]): string {
  const body = new Printer().lines(list, { connections: [], isInLoop: false }, '  ')
  return `import { flip, note, pools, work } from './database'\n\nexport async function run(): Promise<string | undefined> {\n${body}}\n`
}

/** Answers every statement at once; the layer above records and injects. */
function imitation(): ConnectionSource {
  const client = { query: () => Promise.resolve({ rows: [] }) }
  return {
    take: () => Promise.resolve({ ...client } as never),
    giveBack: () => undefined,
    close: () => Promise.resolve(),
  }
}

const path = `${fixturesRoot}/generated.ts`

describe('generated functions', () => {
  const seed = Number(process.env['PGFERRY_SEED'] ?? 20261124)

  it.each(targetStyles)(
    'run the same before and after in style %s, whichever operation fails',
    async (style) => {
      let rewritten = 0
      await fc.assert(
        fc.asyncProperty(statements.list, fc.nat(7), async (list, flips) => {
          const before = print(list)
          fc.pre(isRunnable(before))
          const migrated = migrateText(path, before, style)
          if (migrated.text === before) return
          rewritten += 1
          const closesLeak = migrated.sites.some((site) => site.labels?.includes('closes-leak-window'))
          const { operations } = await runCode(before, imitation(), 0, flips)
          for (let failing = 0; failing <= Math.min(operations, 25); failing += 1) {
            const old = await runCode(before, imitation(), failing, flips)
            const now = await runCode(migrated.text, imitation(), failing, flips)
            const isLost = old.trace.held > now.trace.held
            if (isLost) {
              if (!closesLeak)
                throw new Error(`a leak went away without a label\n${before}\n${migrated.text}`)
              continue
            }
            expect({ failing, ...now, code: before }).toEqual({ failing, ...old, code: before })
          }
        }),
        { numRuns: 120, seed },
      )
      expect(rewritten).toBeGreaterThan(20)
    },
  )

  it('are the same after a second migration', () => {
    fc.assert(
      fc.property(statements.list, (list) => {
        fc.pre(isRunnable(print(list)))
        const once = migrateText(path, print(list)).text
        const twice = migrateText(path, once)
        expect(twice.text).toBe(once)
        expect(twice.sites.map((site) => site.verdict)).not.toContain('rewritten')
      }),
      { numRuns: 200, seed },
    )
  })

  it('get one verdict a site, and a reason and a witness wherever they are refused', () => {
    fc.assert(
      fc.property(statements.list, (list) => {
        const code = print(list)
        const { scanned, sites } = migrateText(path, code)
        expect(scanned).toHaveLength(code.split('getconn').length - 1)
        expect(new Set(scanned.map((site) => site.id)).size).toBe(scanned.length)
        for (const site of sites) {
          if (site.verdict !== 'manual' && site.verdict !== 'leak') continue
          expect(site.reason).toBeDefined()
          expect(site.witness?.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 200, seed },
    )
  })
})
