import { createSystemDeps } from '../../codemods/src/commands/system-deps'
import type { RunReport } from '../../codemods/src/model/site'
import type { TempWorkspace } from '../support/temp-workspace'
import { createTempWorkspace } from '../support/temp-workspace'

const handles = `export interface Handle {
  query(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly { readonly id: number }[] }>
}
`
const acmeDb = `import type { Handle } from './handles'

export class AcmeDb {
  async openHandle(): Promise<Handle> {
    throw new Error('not here')
  }
  closeHandle(handle: Handle): void {
    void handle
  }
  async using<T>(work: (handle: Handle) => Promise<T>): Promise<T> {
    void work
    throw new Error('not here')
  }
}
export const db = new AcmeDb()
`
const database = `import type { Handle } from './handles'

interface Connections {
  connection(purpose: string): Promise<Handle & AsyncDisposable>
  withConnection<T>(purpose: string, work: (handle: Handle) => Promise<T>): Promise<T>
  acquireConnection(purpose: string): Promise<Handle>
  releaseConnection(handle: Handle, error?: unknown): void
}
export declare const connections: Connections
`
const orders = `import { db } from './acme-db'

// first order of a customer
export async function firstOrder(customer: number) {
  const handle = await db.openHandle()
  try {
    const { rows } = await handle.query('select id from orders where customer = $1', [customer]) // newest first
    return rows[0]
  } finally {
    db.closeHandle(handle)
  }
}

export async function count() {
  return db.using(async (handle) => {
    const { rows } = await handle.query('select count(*) as id from orders')
    return rows[0]?.id
  })
}
`
const leaky = `import { db } from './acme-db'

export async function leaky() {
  const handle = await db.openHandle()
  await handle.query('select 1')
  db.closeHandle(handle)
}
`
const unrelated = `export async function unrelated(lock: { openHandle(): Promise<number>; closeHandle(n: number): void }) {
  const handle = await lock.openHandle()
  lock.closeHandle(handle)
}
`
const config = `import { defineConfig } from '@pgferry/codemods'

export default defineConfig({
  packages: [
    { name: 'shop', path: 'shop', stage: 'legacy', connections: { import: 'connections', from: './src/database' } },
  ],
  dialects: [
    {
      id: 'acme-db',
      receiver: { types: [{ name: 'AcmeDb' }] },
      acquire: [{ method: 'openHandle' }],
      release: [{ on: 'receiver', method: 'closeHandle', connectionArgument: 0 }],
      scoped: [{ method: 'using', callbackArgument: 0 }],
    },
  ],
})
`
const options = {
  strict: true,
  target: 'es2022',
  lib: ['es2022', 'esnext.disposable'],
  module: 'node16',
  types: [],
}

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace(
    {
      'package.json': JSON.stringify({ name: 'stranger', private: true, workspaces: ['shop'] }),
      'pgferry.config.ts': config,
      'shop/package.json': JSON.stringify({ name: '@stranger/shop' }),
      'shop/tsconfig.json': JSON.stringify({ compilerOptions: options, include: ['src'] }),
      'shop/src/handles.ts': handles,
      'shop/src/acme-db.ts': acmeDb,
      'shop/src/database.ts': database,
      'shop/src/orders.ts': orders,
      'shop/src/leaky.ts': leaky,
      'shop/src/unrelated.ts': unrelated,
    },
    createSystemDeps(),
  )
  workspace.commitAll()
})
afterEach(() => {
  workspace.remove()
})

async function report(argv: readonly string[]): Promise<RunReport> {
  const { stdout, stderr } = await workspace.run([...argv, '--json', '-'])
  expect(stderr).not.toContain('pgferry: internal error')
  return JSON.parse(stdout) as RunReport
}

test('a dialect declared in the configuration is enough: scan, migrate, check, revert', async () => {
  const before = workspace.snapshot()

  const scanned = await report(['scan'])
  expect(scanned.totals).toEqual({ sites: 3, rewritable: 2, rewritten: 0, manual: 0, leak: 1, already: 0 })
  expect(scanned.packages[0]?.sites.every((site) => site.dialect === 'acme-db')).toBe(true)
  expect(workspace.snapshot()).toEqual(before)

  const migrated = await report(['migrate', 'shop'])
  expect(migrated.totals).toEqual({ sites: 3, rewritable: 0, rewritten: 2, manual: 0, leak: 1, already: 0 })
  const text = workspace.read('shop/src/orders.ts')
  expect(text).toContain("await using handle = await connections.connection('general')")
  expect(text).toContain("connections.withConnection('general', async (handle) => {")
  expect(text).toContain("import { connections } from './database'")
  expect(text).toContain('// first order of a customer')
  expect(text).toContain('// newest first')
  expect(workspace.read('shop/src/leaky.ts')).toBe(leaky)
  expect(workspace.read('shop/src/unrelated.ts')).toBe(unrelated)

  const once = workspace.snapshot()
  const again = await report(['migrate', 'shop'])
  expect(again.totals).toEqual({ sites: 3, rewritable: 0, rewritten: 0, manual: 0, leak: 1, already: 2 })
  expect(workspace.snapshot()).toEqual(once)

  await workspace.run(['revert', 'shop'])
  expect(workspace.snapshot()).toEqual(before)
})

test('every site has a reason and a witness when it is left alone', async () => {
  const [leak] = (await report(['scan'])).packages[0]?.sites.filter((site) => site.verdict === 'leak') ?? []
  expect(leak).toMatchObject({ file: 'shop/src/leaky.ts', line: 4, reason: 'leaks-on-throw' })
  expect(leak?.witness?.length).toBeGreaterThan(0)
})

test('the ratchet holds once the package is called migrated', async () => {
  workspace.write('pgferry.config.ts', config.replace("stage: 'legacy'", "stage: 'migrated'"))
  expect((await workspace.run(['check'])).exitCode).toBe(1)
  workspace.write('shop/src/leaky.ts', '')
  await workspace.run(['migrate', 'shop', '--allow-dirty'])
  expect(await workspace.run(['check'])).toMatchObject({
    exitCode: 0,
    stdout: '1 migrated package: no legacy call site.\n',
  })
})

test.each(['callback', 'acquire-release'])(
  'the style %s type-checks and is done after one run too',
  async (style) => {
    expect((await report(['migrate', 'shop', '--style', style])).totals).toMatchObject({
      rewritten: 2,
      manual: 0,
    })
    expect((await report(['scan'])).totals).toMatchObject({ already: 2, rewritable: 0 })
  },
)

test('a built-in dialect is found without any configuration', async () => {
  const bare = createTempWorkspace(
    {
      '.git/HEAD': '',
      'package.json': '{ "name": "bare" }',
      'delegate.ts':
        'export class InfraDelegate {\n  async getDbConnection(): Promise<{ query(q: string): Promise<void> }> { throw new Error() }\n  releaseDbConnection(c: unknown): void { void c }\n}\n',
      'use.ts':
        "import { InfraDelegate } from './delegate'\nconst infra = new InfraDelegate()\nexport async function use() {\n  const c = await infra.getDbConnection()\n  try {\n    await c.query('select 1')\n  } finally {\n    infra.releaseDbConnection(c)\n  }\n}\n",
    },
    createSystemDeps(),
  )
  const { stdout } = await bare.run(['scan', '--json', '-'])
  expect((JSON.parse(stdout) as RunReport).packages[0]?.sites).toMatchObject([
    { file: 'use.ts', line: 4, dialect: 'infra-delegate' },
  ])
  const init = await bare.run(['init'])
  expect(init.stdout).toContain('bare: 1 site (infra-delegate)')
  expect((await bare.run(['scan'])).exitCode).toBe(0)
  bare.remove()
})
