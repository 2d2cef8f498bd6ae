import { fixturesRoot, migrateText, fixtureConnections } from '../../../codemods/support/fixtures'
import type { RewriteFeatures, TargetStyle } from '../../../../codemods/src/model/target'

const head = `import { note, pool, work } from './database'\n\n`
const service = `import { note, work, connections } from './database'\n\n`

function migrate(
  body: string,
  features: RewriteFeatures,
  style: TargetStyle = 'await-using',
): { text: string; labels: readonly string[] } {
  const { text, sites } = migrateText(
    `${fixturesRoot}/shorter.ts`,
    head + body,
    style,
    fixtureConnections,
    features,
  )
  return { text, labels: sites.flatMap((site) => site.labels ?? []) }
}

describe('--one-shot', () => {
  const one = (body: string): ReturnType<typeof migrate> => migrate(body, { oneShot: true })

  it('takes no lease for one statement', () => {
    const { text, labels } = one(`export async function find(id: number) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM users WHERE id = $1', [id])
    note('found')
    return rows[0]
  } finally {
    client.release()
  }
}
`)
    expect(text).toBe(`${service}export async function find(id: number) {
  const { rows } = await connections.query('SELECT * FROM users WHERE id = $1', [id], { purpose: 'app' })
  note('found')
  return rows[0]
}
`)
    expect(labels).toEqual(['one-shot'])
  })

  it('goes past values that are not there, keeps types, casts and chains behind the statement', () => {
    const { text } = one(`export async function all() {
  const sql = 'SELECT 1'
  const client = await pool.connect()
  try {
    return (await client.query<{ n: number }>(sql)).rows.map((row) => row.n)
  } finally {
    client.release()
  }
}
`)
    expect(text).toContain(
      `  return (await connections.query<{ n: number }>(sql, undefined, { purpose: 'app' })).rows.map((row) => row.n)\n}`,
    )
  })

  it('keeps a block when a name of it is taken outside', () => {
    const { text } = one(`export async function all(rows: number) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT 1')
    note(String(rows.length))
  } finally {
    client.release()
  }
  return rows
}
`)
    expect(text).toContain(`(rows: number) {\n  {\n    const { rows } = await connections.query(`)
    expect(text).toContain(`length))\n  }\n  return rows\n}`)
  })

  it.each([
    ['two statements', `await client.query('A')\n    await client.query('B')`],
    ['a statement in a loop', `for (const id of [1, 2]) await client.query('A', [id])`],
    ['a statement on one path only', `if (note('x')) await client.query('A')`],
    ['an effect in front of it', `note('x')\n    await client.query('A')`],
    ['an effect in its values', `await client.query('A', [note('x')])`],
    ['an operand in front of it', `note(String(note('x')), await client.query('A'))`],
    ['a statement for the session', `await client.query('SET search_path TO app')`],
    ['a transaction of its own', `await client.query('BEGIN')`],
    ['an advisory lock', `await client.query('SELECT pg_advisory_lock(1)')`],
    ['several statements in one text', `await client.query('A; B')`],
    ['a callback', `await client.query('A', () => note('x'))`],
    ['something that may be a cursor', `const q: any = work('c')\n    return await client.query(q)`],
    ['a promise that is not awaited', `return client.query('A')`],
    ['a connection that is lent', `await work(client as never)`],
    ['a listener on it', `client.on('notice', note)\n    await client.query('A')`],
  ])('leaves %s on a lease', (_name, work) => {
    const { text, labels } = one(`export async function f() {
  const client = await pool.connect()
  try {
    ${work}
  } finally {
    client.release()
  }
}
`)
    expect(labels).not.toContain('one-shot')
    expect(text).not.toContain('connections.query(')
  })

  it('leaves a catch on a lease: a failed acquire never came there', () => {
    const { text, labels } = one(`export async function f() {
  const client = await pool.connect()
  try {
    return await client.query('A')
  } catch (e) {
    note('failed')
    throw e
  } finally {
    client.release()
  }
}
`)
    expect(labels).toEqual([])
    expect(text).toContain('await using client')
  })

  it('does nothing without being asked', () => {
    const body = `export async function f() {\n  const client = await pool.connect()\n  try {\n    return await client.query('A')\n  } finally {\n    client.release()\n  }\n}\n`
    expect(migrate(body, {}).labels).toEqual([])
  })
})

describe('--transactions', () => {
  const one = (body: string): ReturnType<typeof migrate> => migrate(body, { transactions: true })
  const transfer = (
    options: {
      begin?: string
      work?: string
      end?: string
      handler?: string
      gap?: string
      after?: string
    } = {},
  ): string => `export async function transfer(a: number) {
  const client = await pool.connect()
${options.gap ?? ''}  try {
${options.begin ?? `    await client.query('BEGIN')\n`}${options.work ?? `    await client.query('UPDATE a SET n = $1', [a])\n`}    await client.query('COMMIT')
${options.end ?? ''}  } catch (error) {
${options.handler ?? `    await client.query('ROLLBACK')\n    throw error\n`}  } finally {
    client.release()
  }
${options.after ?? ''}}
`

  it('becomes withTransaction', () => {
    const { text, labels } = one(transfer())
    expect(text).toBe(`${service.replace(', pool', '')}export async function transfer(a: number) {
  await connections.withTransaction('app', async (client) => {
    await client.query('UPDATE a SET n = $1', [a])
  })
}
`)
    expect(labels).toContain('transaction')
  })

  it('keeps what is returned behind COMMIT, and BEGIN may stand in front of the try', () => {
    const { text } = one(
      transfer({
        begin: '',
        gap: `  await client.query('START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY')\n`,
        work: `    const { rows } = await client.query('SELECT 1')\n`,
        end: `    return rows\n`,
      }),
    )
    expect(text).toContain(`  return await connections.withTransaction('app', async (client) => {
    const { rows } = await client.query('SELECT 1')
    return rows
  }, { isolation: 'serializable', readOnly: true })
}`)
  })

  it.each([
    ['a return without COMMIT', { work: `    if (a > 1) return\n    await client.query('A')\n` }],
    ['an effect behind COMMIT', { end: `    note('done')\n` }],
    ['a catch that swallows', { handler: `    await client.query('ROLLBACK')\n` }],
    [
      'a catch that throws another error',
      { handler: `    await client.query('ROLLBACK')\n    throw new Error('x')\n` },
    ],
    [
      'a catch that does more',
      { handler: `    note('x')\n    await client.query('ROLLBACK')\n    throw error\n` },
    ],
    ['a catch without ROLLBACK', { handler: `    throw error\n` }],
    ['work in front of BEGIN', { begin: `    await client.query('A')\n    await client.query('BEGIN')\n` }],
    ['a savepoint of its own', { work: `    await client.query('SAVEPOINT s')\n` }],
    ['an isolation that it does not know', { begin: `    await client.query('BEGIN DEFERRABLE')\n` }],
    ['a second transaction', { work: `    await client.query('COMMIT')\n    await client.query('BEGIN')\n` }],
    ['a comment that would be lost', { begin: `    await client.query('BEGIN') // all or nothing\n` }],
  ])('leaves %s as it is, in a scope', (_name, options) => {
    const { text, labels } = one(transfer(options))
    expect(labels).not.toContain('transaction')
    expect(text).not.toContain('withTransaction')
    expect(text).toMatch(/await using client|pool\.connect/)
  })
})
