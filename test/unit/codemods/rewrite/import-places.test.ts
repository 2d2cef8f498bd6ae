import { join } from 'node:path'
import { fixturesRoot, migrateText } from '../../../codemods/support/fixtures'

const path = (name: string): string => join(fixturesRoot, 'node-postgres', name)
const site = `async function run(pool) {
  const client = await pool.connect()
  try {
    return await client.query('select 1')
  } finally {
    client.release()
  }
}`

describe('the place of the new import', () => {
  it('is in front of the first site of a CommonJS module, however late the last require comes', () => {
    const { text } = migrateText(
      path('bundle.js'),
      `const pg = require('pg')\n${site}\nexports.first = run(new pg.Pool())\nconst path = require('node:path')\nexports.path = path\n`,
      'callback',
    )
    expect(text).toContain(`const pg = require('pg')\nconst { connections } = require('../database')\n`)
    expect(text).toContain(`exports.first = run(new pg.Pool())\nconst path = require('node:path')\n`)
  })

  it('leaves the line in front of it the ending that it has in a file of mixed endings', () => {
    const { text } = migrateText(
      path('mixed.mjs'),
      `import { Pool } from 'pg'\nexport const pool = new Pool()\n${site.replaceAll('\n', '\r\n')}\r\nexport { run }\r\n`,
      'callback',
    )
    expect(text.startsWith(`import { Pool } from 'pg'\nimport { connections } from '../database'\n`)).toBe(
      true,
    )
  })

  it('is not between a class and the documentation at the beginning of its line', () => {
    const { text } = migrateText(
      path('documented.mjs'),
      `/**\n * Counts.\n */ export ${site}\nexport const driver = import('pg')\n`,
      'callback',
    )
    expect(text).toContain(`'../database'\n\n/**\n * Counts.\n */ export async function run`)
  })
})
