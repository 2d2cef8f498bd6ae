import { join } from 'node:path'
import { fixtureConnections, fixturesRoot, migrateText } from '../../../codemods/support/fixtures'

const migrated = (body: string): string =>
  migrateText(
    join(fixturesRoot, 'node-postgres', 'a.ts'),
    `import { pool } from '../database'

export async function run(): Promise<void> {
  const client = await pool.connect()
  try {
${body}
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}
`,
    'await-using',
    fixtureConnections,
    { transactions: true },
  ).text

describe('the lines around a statement that goes', () => {
  it('leave no line of blanks behind where the transaction begins', () => {
    const text = migrated(`    await client.query('begin')

    await client.query('select 1')

    await client.query('commit')`)
    expect(text).toContain(`async (client) => {\n    await client.query('select 1')\n  })`)
  })

  it('keep a blank line that stood behind it alone', () => {
    const text = migrated(`    await client.query('begin')
    await client.query('select 1')
    await client.query('commit')

    return`)
    expect(text).not.toMatch(/[ \t]\n/)
    expect(text).toContain(`await client.query('select 1')\n\n    return\n  })`)
  })

  it('stay as they are when nothing stands between: the lease alone is rewritten', () => {
    const text = migrated(`    await client.query('begin'); await client.query('commit')`)
    expect(text).toContain('await using client')
    expect(text).toContain(`await client.query('begin'); await client.query('commit')`)
  })
})
