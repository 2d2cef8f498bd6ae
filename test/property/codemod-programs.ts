import fc from 'fast-check'

/** Random functions out of a small grammar. Every statement has a number, so that traces tell them apart. */
export type Statement =
  | {
      readonly kind:
        | 'query'
        | 'note'
        | 'work'
        | 'throw'
        | 'return'
        | 'return-promise'
        | 'break'
        | 'continue'
        | 'break-label'
        | 'declare'
        | 'ask'
    }
  | {
      readonly kind: 'if' | 'loop' | 'block' | 'switch' | 'label' | 'for-await' | 'call'
      readonly body: readonly Statement[]
    }
  /** Two connections at once, given back in either order. */
  | { readonly kind: 'pair'; readonly body: readonly Statement[]; readonly isReversed: boolean }
  | {
      readonly kind: 'try'
      readonly body: readonly Statement[]
      readonly handler: readonly Statement[]
      readonly last: readonly Statement[]
    }
  | Lease

/** How a connection is bound, where it is released, and what stands around. */
export interface Lease {
  readonly kind: 'lease'
  readonly dialect: Dialect
  /** What gives it back where the dialect leaves that to a function. */
  readonly helper: Helper
  readonly acquire: 'const' | 'let-before' | 'given'
  readonly gap: readonly Statement[]
  readonly body: readonly Statement[]
  readonly handler: readonly Statement[] | undefined
  readonly release: Release
}

/** `node-postgres-by-helper`: a function gets the client, and releases it. */
type Dialect = 'psycopg2-pool' | 'node-postgres' | 'node-postgres-by-helper'

/** Functions that give a connection back: at once, after a statement, perhaps, or where it carries no mark. */
const helpers = {
  finish: `function finish(c: any, error?: unknown) { c.release(error) }`,
  end: `async function end(c: any) { await c.query('end'); c.release() }`,
  endAnyway: `async function endAnyway(c: any) { try { await c.query('end') } finally { c.release() } }`,
  give: `function give(c: any, isLast: boolean) { if (isLast) c.release() }`,
  close: `async function close(c: any) { await c.query('close'); c.open = false; done(c) }`,
} as const
type Helper = keyof typeof helpers
const helperCode = [
  ...Object.values(helpers),
  `function done(c: any) { if (c.open === true) return; c.release() }`,
  `async function begin(c: any) { await c.query('begin'); c.open = true }`,
  `async function ask(c: any) { await c.query('ask'); done(c) }`,
]

const releases = [
  'finally',
  'finally-guarded',
  'finally-early',
  'finally-behind-a-note',
  'finally-before-a-note',
  'finally-of-a-flag',
  'finally-discarding',
  'finally-silenced',
  'finally-of-a-choice',
  'missing',
  'behind-the-try',
  'in-try-and-catch',
  'in-try-only',
  'in-catch-only',
  'linear',
  'linear-then-return',
] as const
export type Release = (typeof releases)[number]

const simple = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .constantFrom('query' as const, 'note' as const, 'work' as const, 'declare' as const)
      .map((kind): Statement => ({ kind })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        'throw' as const,
        'return' as const,
        'return-promise' as const,
        'break' as const,
        'continue' as const,
        'break-label' as const,
      )
      .map((kind): Statement => ({ kind })),
  },
)

export const programs = fc.letrec<{ list: readonly Statement[]; one: Statement }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'statement' },
    simple,
    fc.record({
      kind: fc.constantFrom(
        'if' as const,
        'loop' as const,
        'block' as const,
        'switch' as const,
        'label' as const,
        'for-await' as const,
        'call' as const,
      ),
      body: tie('list'),
    }),
    fc.record({ kind: fc.constant('pair' as const), body: tie('list'), isReversed: fc.boolean() }),
    fc.record({
      kind: fc.constant('try' as const),
      body: tie('list'),
      handler: tie('list'),
      last: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: tie('list') }),
    }),
    fc.record({
      kind: fc.constant('lease' as const),
      dialect: fc.constantFrom<Dialect[]>(
        'psycopg2-pool',
        'node-postgres',
        'node-postgres',
        'node-postgres-by-helper',
      ),
      helper: fc.constantFrom<Helper[]>('finish', 'end', 'endAnyway', 'give', 'close', 'close'),
      acquire: fc.constantFrom<Lease['acquire'][]>('const', 'const', 'const', 'let-before', 'given'),
      gap: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: tie('list') }),
      body: tie('list'),
      handler: fc.option(tie('list'), { nil: undefined }),
      release: fc.oneof(
        { weight: 1, arbitrary: fc.constant<Release>('finally') },
        { weight: 3, arbitrary: fc.constantFrom<Release[]>(...releases) },
      ),
    }),
  ),
  list: fc.array(tie('one'), { minLength: 1, maxLength: 3, depthIdentifier: 'statement' }),
})).list

interface Scope {
  readonly connections: readonly string[]
  readonly isInLoop: boolean
  readonly label?: string | undefined
}

class Printer {
  private count = 0

  lines(list: readonly Statement[], scope: Scope, indent: string): string {
    return list.map((one) => this.statement(one, scope, indent)).join('')
  }

  private statement(statement: Statement, scope: Scope, indent: string): string {
    const n = String((this.count += 1))
    const inner = `${indent}  `
    const connection = scope.connections.at(-1)
    switch (statement.kind) {
      case 'query':
        return connection === undefined
          ? `${indent}await work('w${n}')\n`
          : `${indent}await ${connection}.query('q${n}')\n`
      case 'ask':
        return connection === undefined ? `${indent}note('n${n}')\n` : `${indent}await ask(${connection})\n`
      case 'note':
        return `${indent}note('n${n}')\n`
      case 'work':
        return `${indent}await work('w${n}')\n`
      case 'declare': {
        // Names repeat on purpose: blocks that are opened or taken away must not make them collide.
        const name = `label${String(Number(n) % 3)}`
        return `${indent}const ${name} = ${n}\n${indent}note(String(${name}))\n`
      }
      case 'throw':
        return `${indent}if (flip()) throw new Error('t${n}')\n`
      case 'return':
        return `${indent}if (flip()) return 'r${n}'\n`
      case 'return-promise':
        return `${indent}if (flip()) return work('p${n}')\n`
      case 'break':
      case 'continue':
        return scope.isInLoop ? `${indent}if (flip()) ${statement.kind}\n` : `${indent}note('n${n}')\n`
      case 'break-label':
        return scope.label === undefined
          ? `${indent}note('n${n}')\n`
          : `${indent}if (flip()) break ${scope.label}\n`
      case 'switch':
        // A `break` in there leaves the switch, and needs no loop around it.
        return `${indent}switch (flip()) {\n${inner}case true:\n${this.lines(statement.body, scope, `${inner}  `)}${inner}  break\n${inner}default:\n${inner}  note('d${n}')\n${indent}}\n`
      case 'label':
        return `${indent}out${n}: {\n${this.lines(statement.body, { ...scope, label: `out${n}` }, inner)}${indent}}\n`
      case 'for-await':
        return `${indent}for await (const turn${n} of [work('a${n}'), work('b${n}')]) {\n${inner}note(turn${n})\n${this.lines(statement.body, { ...scope, isInLoop: true }, inner)}${indent}}\n`
      case 'call':
        return `${indent}await (async () => {\n${this.lines(statement.body, { connections: scope.connections, isInLoop: false }, inner)}${indent}})();\n`
      case 'pair': {
        const names = [`left${n}`, `right${n}`]
        const [first, second] = names.map((name) => calls('node-postgres', name))
        const puts = [first?.put() ?? '', second?.put() ?? '']
        if (statement.isReversed) puts.reverse()
        const body = this.lines(
          statement.body,
          { ...scope, connections: [...scope.connections, ...names] },
          inner,
        )
        return `${names.map((name) => `${indent}const ${name} = await pool.connect()\n`).join('')}${indent}try {\n${body}${indent}} finally {\n${puts.map((put) => `${inner}${put}\n`).join('')}${indent}}\n`
      }
      case 'block':
        return `${indent}{\n${this.lines(statement.body, scope, inner)}${indent}}\n`
      case 'if':
        return `${indent}if (flip()) {\n${this.lines(statement.body, scope, inner)}${indent}}\n`
      case 'loop':
        return `${indent}for (let i${n} = 0; i${n} < 2; i${n} += 1) {\n${this.lines(statement.body, { ...scope, isInLoop: true }, inner)}${indent}}\n`
      case 'try': {
        const last =
          statement.last.length === 0
            ? ''
            : ` finally {\n${this.lines(statement.last, scope, inner)}${indent}}`
        return `${indent}try {\n${this.lines(statement.body, scope, inner)}${indent}} catch {\n${this.lines(statement.handler, scope, inner)}${indent}}${last}\n`
      }
      case 'lease':
        return this.lease(statement, n, scope, indent)
    }
  }

  private lease(lease: Lease, n: string, scope: Scope, indent: string): string {
    const name = `conn${n}`
    const inside: Scope = { ...scope, connections: [...scope.connections, name] }
    const inner = `${indent}  `
    const { take, put } = calls(lease.dialect, name, lease.helper)
    const given = scope.connections.at(-1)
    const isOwned = lease.acquire === 'given' && given !== undefined
    const body = this.lines(lease.body, inside, inner)
    const isMarked = lease.dialect === 'node-postgres-by-helper' && lease.helper === 'close'
    const marks = isMarked ? `${indent}await begin(${name})\n` : ''
    const gap = `${marks}${this.lines(lease.gap, inside, indent)}`
    if (lease.release === 'linear' || lease.release === 'linear-then-return') {
      const flat = this.lines(lease.body, inside, indent)
      const end = lease.release === 'linear' ? '' : `${indent}if (flip()) return 'l${n}'\n`
      return `${indent}const ${name} = ${take}\n${flat}${indent}${put()}\n${end}`
    }
    const declared =
      lease.acquire === 'let-before'
        ? `${indent}let ${name}\n${indent}try {\n${inner}${name} = ${take}\n`
        : isOwned
          ? `${indent}const given${n} = flip() ? ${given} : undefined\n${indent}const ${name} = given${n} ?? ${take}\n${gap}${indent}try {\n`
          : `${indent}const ${name} = ${take}\n${gap}${indent}try {\n`
    const isGuarded = lease.acquire === 'let-before'
    const release = isOwned ? `if (!given${n}) ${put()}` : isGuarded ? `if (${name}) ${put()}` : put()
    const flag = `done${n}`
    const ends = this.ends(lease.release, { n, inner, release, put, name, flag })
    const handlerLines = lease.handler === undefined ? undefined : this.lines(lease.handler, inside, inner)
    // Whoever catches before it is bound may not use it.
    const usable =
      lease.acquire === 'let-before' && handlerLines?.includes(`${name}.query`) === true
        ? undefined
        : handlerLines
    const catches =
      ends.handler === undefined && usable === undefined
        ? ''
        : ` catch${ends.binding ?? ''} {\n${usable ?? ''}${ends.handler ?? ''}${indent}}`
    const last = ends.last === undefined ? '' : ` finally {\n${ends.last}${indent}}`
    const closing =
      catches === '' && last === ''
        ? ' finally {\n' + `${inner}note('f${n}')\n${indent}}`
        : `${catches}${last}`
    const before = ends.before === undefined ? '' : `${indent}${ends.before}\n`
    return `${before}${declared}${ends.early ?? ''}${body}${ends.inTry ?? ''}${indent}}${closing}\n${ends.behind === undefined ? '' : `${indent}${ends.behind}\n`}`
  }

  private ends(
    kind: Release,
    {
      n,
      inner,
      release,
      put,
      name,
      flag,
    }: {
      n: string
      inner: string
      release: string
      put: (error?: string) => string
      name: string
      flag: string
    },
  ): {
    before?: string
    early?: string
    inTry?: string
    binding?: string
    handler?: string
    last?: string
    behind?: string
  } {
    switch (kind) {
      case 'finally':
        return { last: `${inner}${release}\n` }
      case 'finally-guarded':
        return { last: `${inner}if (${name}) ${release.startsWith('if') ? `{ ${release} }` : release}\n` }
      case 'finally-early':
        return {
          early: `${inner}if (flip()) { ${put()}; return 'e${n}' }\n`,
          last: `${inner}${release}\n`,
        }
      case 'finally-behind-a-note':
        return { last: `${inner}note('m${n}')\n${inner}${release}\n` }
      case 'finally-before-a-note':
        return { last: `${inner}${release}\n${inner}note('m${n}')\n` }
      case 'finally-of-a-flag':
        return {
          before: `let ${flag} = false`,
          early: `${inner}if (flip()) { ${put()}; ${flag} = true; return 'e${n}' }\n`,
          last: `${inner}if (!${flag}) { ${release} }\n`,
        }
      case 'finally-discarding':
        return {
          before: `let failed${n}: Error | undefined`,
          binding: ' (error)',
          handler: `${inner}failed${n} = error as Error\n${inner}throw error\n`,
          last: `${inner}${put(`failed${n}`)}\n`,
        }
      case 'finally-silenced':
        return {
          last: `${inner}try {\n${inner}  ${release}\n${inner}} catch {\n${inner}  note('s${n}')\n${inner}}\n`,
        }
      case 'finally-of-a-choice':
        return { last: `${inner}if (flip()) ${put()}\n${inner}else ${put('true as never')}\n` }
      case 'missing':
        return { last: `${inner}note('lost${n}')\n` }
      case 'behind-the-try':
        return { last: `${inner}note('f${n}')\n`, behind: release }
      case 'in-try-and-catch':
        return {
          inTry: `${inner}${put()}\n`,
          binding: ' (error)',
          handler: `${inner}${put('error as Error')}\n${inner}throw error\n`,
        }
      case 'in-try-only':
        return { inTry: `${inner}${put()}\n`, binding: ' (error)', handler: `${inner}throw error\n` }
      case 'in-catch-only':
        return { binding: ' (error)', handler: `${inner}${put()}\n${inner}throw error\n` }
      case 'linear':
      case 'linear-then-return':
        return {}
    }
  }
}

function calls(
  dialect: Dialect,
  name: string,
  helper: Helper = 'finish',
): { take: string; put: (error?: string) => string } {
  if (dialect === 'node-postgres-by-helper')
    return { take: 'await pool.connect()', put: (error) => helperCall(helper, name, error) }
  return dialect === 'psycopg2-pool'
    ? {
        take: 'await pools.getconn()',
        put: (error) =>
          error === undefined
            ? `pools.putconn(${name})`
            : `pools.putconn(${name}, undefined, Boolean(${error}))`,
      }
    : { take: 'await pool.connect()', put: (error) => `${name}.release(${error ?? ''})` }
}

function helperCall(helper: Helper, name: string, error?: string): string {
  if (helper === 'finish') return error === undefined ? `finish(${name})` : `finish(${name}, ${error})`
  if (helper === 'give') return `give(${name}, flip())`
  return `await ${helper}(${name})`
}

/** The functions that a program calls, and those that they call. */
function helpersOf(body: string): string {
  const used = helperCode.filter((code) => {
    const name = /function (\w+)/.exec(code)?.[1] ?? ''
    return name === 'done' ? /\b(ask|close)\(/.test(body) : new RegExp(`\\b${name}\\(`).test(body)
  })
  return used.map((code) => `${code}\n`).join('')
}

export function printProgram(list: readonly Statement[]): string {
  const body = new Printer().lines(list, { connections: [], isInLoop: false }, '  ')
  return `import { flip, note, pool, pools, work } from './database'\n\n${helpersOf(body)}export async function run(): Promise<string | undefined> {\n${body}}\n`
}
