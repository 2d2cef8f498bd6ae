import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { Site } from '../../../../codemods/src/model/site'
import type { ConnectionsReference, TargetStyle } from '../../../../codemods/src/model/target'
import { applyTextEdits } from '../../../../codemods/src/model/text-edit'
import { rewriteFile } from '../../../../codemods/src/rewrite/rewrite-file'

interface Options {
  readonly path?: string
  readonly style?: TargetStyle
  readonly purpose?: string
  readonly connections?: ConnectionsReference
  readonly skip?: (sites: readonly Site[]) => ReadonlySet<string>
}

const imported: ConnectionsReference = { kind: 'import', name: 'connections', from: './src/database' }

function migrate(text: string, options: Options = {}): { text: string; sites: readonly Site[] } {
  const { path = 'src/a.ts', style = 'await-using', purpose = 'rag', connections = imported } = options
  const sources = { name: 'app', path: '/app', files: [{ path: `/app/${path}`, relativePath: path, text }] }
  const [file] = analyzePackage(sources, builtinDialects, { connections, readDisk: false }).files
  if (file === undefined) throw new Error('nothing was analysed')
  expect(file.parseErrors).toEqual([])
  const skip = options.skip?.(file.sites.map((one) => one.site))
  const { edits, sites } = rewriteFile(
    file,
    { style, purpose, connections },
    skip === undefined ? {} : { skip },
  )
  return { text: applyTextEdits(text, edits), sites }
}

const bracket = `export async function f(): Promise<void> {
  const c = await pool.connect()
  try {
    await c.query('x')
  } finally {
    c.release()
  }
}
`
const rewritten = `export async function f(): Promise<void> {
  await using c = await connections.connection('rag')
  await c.query('x')
}
`
const declared = `import { Pool } from 'pg'\nconst pool = new Pool()\n`

describe('the import of the service', () => {
  it.each([
    [
      'joins an import of the same module',
      `import { Pool } from 'pg'\nimport { pool as p } from './database'\nconst pool = new Pool(p)\n`,
      `import { pool as p, connections } from './database'`,
    ],
    [
      'follows the last import',
      declared,
      `import { Pool } from 'pg'\nimport { connections } from './database'\n`,
    ],
    [
      'keeps double quotes and semicolons',
      `import { Pool } from "pg";\nconst pool = new Pool("a", "b");\n`,
      `import { connections } from "./database";\n`,
    ],
    [
      'takes the quotes of the imports, whatever the statements hold',
      `import { Pool } from 'pg'\nconst pool = new Pool()\nexport const sql = 'SELECT "a", "b", "c", "d", "e", "f", "g"'\n`,
      `import { connections } from './database'\n`,
    ],
    [
      'has the extension that ES modules need, where the other imports have it',
      `import { Pool } from 'pg'\nimport { log } from './log.js'\nconst pool = new Pool()\nlog(pool)\n`,
      `import { connections } from './database.js'\n`,
    ],
    [
      'joins an import of the same module that has an extension',
      `import { Pool } from 'pg'\nimport { options } from './database.js'\nconst pool = new Pool(options)\n`,
      `import { options, connections } from './database.js'`,
    ],
    [
      'does not join a type-only import',
      `import { Pool } from 'pg'\nimport type { Row } from './database'\nconst pool = new Pool()\nexport type R = Row\n`,
      `import type { Row } from './database'\nimport { connections } from './database'\n`,
    ],
    [
      'is not repeated',
      `import { Pool } from 'pg'\nimport { connections } from './database'\nconst pool = new Pool(connections)\n`,
      `import { connections } from './database'\nconst`,
    ],
    [
      'is not repeated where it has an extension',
      `import { Pool } from 'pg'\nimport { connections } from './database.js'\nconst pool = new Pool(connections)\n`,
      `import { connections } from './database.js'\nconst`,
    ],
    [
      'comes behind every directive',
      `'use strict'\n'use server'\ndeclare const pool: import('pg').Pool\n`,
      `'use strict'\n'use server'\nimport { connections } from './database'\n\ndeclare`,
    ],
    [
      'does not come between a statement and its documentation',
      `// Of the file.\n\n/** The pool. */\ndeclare const pool: import('pg').Pool\n`,
      `// Of the file.\n\nimport { connections } from './database'\n\n/** The pool. */\ndeclare`,
    ],
    [
      'comes behind what speaks of the whole file',
      `/** @license MIT */\ndeclare const pool: import('pg').Pool\n`,
      `/** @license MIT */\nimport { connections } from './database'\n\ndeclare`,
    ],
    [
      'comes first where there is none',
      `'use strict'\ndeclare const pool: import('pg').Pool\n`,
      `'use strict'\nimport { connections } from './database'\n\ndeclare`,
    ],
  ])('%s', (_name, head, expected) => {
    const { text } = migrate(head + bracket)
    expect(text).toContain(expected)
    expect(text.split('connections }').length).toBe(2)
    expect(text).toContain('await using c = await connections.connection(')
  })

  it('is relative to each file, and left as it is for a package', () => {
    expect(migrate(declared + bracket, { path: 'src/deep/er/a.ts' }).text).toContain(`from '../../database'`)
    const named: ConnectionsReference = { kind: 'import', name: 'db', from: '@acme/db' }
    expect(migrate(declared + bracket, { connections: named }).text).toContain(
      `import { db } from '@acme/db'\n`,
    )
  })

  it('is not needed in the module that declares it, nor for an expression', () => {
    const own = `${declared}export const connections: any = 1\n${bracket}`
    expect(migrate(own, { path: 'src/database.ts' }).text).not.toContain('import { connections')
    const expression: ConnectionsReference = { kind: 'expression', expression: 'app.connections' }
    const { text } = migrate(declared + bracket, { connections: expression })
    expect(text).toContain(`await using c = await app.connections.connection('rag')`)
    expect(text).not.toContain('import { connections')
  })

  it('becomes a require in CommonJS, where brackets become callbacks', () => {
    const text = `const { Pool } = require('pg')\nconst pool = new Pool()\n${bracket.replace('export ', '').replace(': Promise<void>', '')}`
    expect(migrate(text, { path: 'src/a.js' }).text).toBe(`const { Pool } = require('pg')
const { connections } = require('./database')
const pool = new Pool()
async function f() {
  await connections.withConnection('rag', async (c) => {
    await c.query('x')
  })
}
`)
    const again = migrate(migrate(text, { path: 'src/a.js' }).text, { path: 'src/a.js' })
    expect(again.sites.map((site) => site.verdict)).toEqual(['already'])
  })
})

describe('imports that nothing uses any more', () => {
  it.each([
    [
      'goes with its whole line',
      `import { pool } from './old'\nimport { x } from './x'\nexport { x }\n`,
      `import { x } from './x'\n`,
    ],
    [
      'leaves its neighbours',
      `import { x, pool, y } from './old'\nexport { x, y }\n`,
      `import { x, y } from './old'\n`,
    ],
    [
      'leaves its neighbours when it is last',
      `import { x, pool } from './old'\nexport { x }\n`,
      `import { x } from './old'\n`,
    ],
    [
      'leaves its neighbours when it is first',
      `import { pool, x } from './old'\nexport { x }\n`,
      `import { x } from './old'\n`,
    ],
  ])('the name %s', (_name, head, expected) => {
    const old = `import { Pool } from 'pg'\nexport const pool = new Pool()\n`
    const sources = {
      name: 'app',
      path: '/app',
      files: [
        { path: '/app/src/a.ts', relativePath: 'src/a.ts', text: head + bracket },
        { path: '/app/src/old.ts', relativePath: 'src/old.ts', text: old },
      ],
    }
    const [file] = analyzePackage(sources, builtinDialects, { readDisk: false }).files
    if (file === undefined) throw new Error('nothing was analysed')
    const { edits } = rewriteFile(file, { style: 'await-using', purpose: 'rag', connections: imported })
    const text = applyTextEdits(file.source.text, edits)
    expect(text).toContain(expected)
    expect(text).not.toMatch(/\bpool\b/)
  })

  it('stay when a comment of a JavaScript file names them as a type', () => {
    const head = `import { pool } from './old'\n/** @type {typeof pool} */\nexport let other\n`
    const code = head + bracket.replace(': Promise<void>', '')
    const sources = {
      name: 'app',
      path: '/app',
      files: [
        { path: '/app/src/a.js', relativePath: 'src/a.js', text: code },
        {
          path: '/app/src/old.ts',
          relativePath: 'src/old.ts',
          text: `import { Pool } from 'pg'\nexport const pool = new Pool()\n`,
        },
      ],
    }
    const [file] = analyzePackage(sources, builtinDialects, { readDisk: false }).files
    if (file === undefined) throw new Error('nothing was analysed')
    const { edits } = rewriteFile(file, { style: 'await-using', purpose: 'rag', connections: imported })
    expect(edits.length).toBeGreaterThan(0)
    expect(applyTextEdits(code, edits)).toContain(`import { pool } from './old'\n`)
  })

  it('stay when they were unused before, when anything else uses them, and when they are imported for their effects', () => {
    const head = `import 'side-effect'\nimport { never } from './never'\nimport { Pool } from 'pg'\nconst pool = new Pool()\nexport const size = pool\n`
    const { text } = migrate(head + bracket)
    expect(text).toContain(
      `import 'side-effect'\nimport { never } from './never'\nimport { Pool } from 'pg'\n`,
    )
  })
})

describe('a style', () => {
  it('await using in place', () => {
    expect(migrate(declared + bracket).text).toContain(rewritten)
  })

  it('acquire and release in place', () => {
    const { text } = migrate(declared + bracket, { style: 'acquire-release' })
    expect(text).toContain(`const c = await connections.acquireConnection('rag')`)
    expect(text).toContain('connections.releaseConnection(c)\n')
  })

  it.each([
    [
      'a return that falls through to more',
      `  const c = await pool.connect()\n  try {\n    if (given) return\n  } finally {\n    c.release()\n  }\n  await given()`,
    ],
    [
      'a break',
      `  for (;;) {\n    const c = await pool.connect()\n    try {\n      break\n    } finally {\n      c.release()\n    }\n  }`,
    ],
    [
      'arguments',
      `  const c = await pool.connect()\n  try {\n    await c.query(String(arguments.length))\n  } finally {\n    c.release()\n  }`,
    ],
    [
      'a returned promise',
      `  const c = await pool.connect()\n  try {\n    return given.later()\n  } finally {\n    c.release()\n  }`,
    ],
    [
      'a variable that holds a promise by now',
      `  const c = await pool.connect()\n  try {\n    let p\n    p = c.query('x')\n    return p\n  } finally {\n    c.release()\n  }`,
    ],
    [
      'a promise behind a comma',
      `  const c = await pool.connect()\n  try {\n    return (given, c.query('x'))\n  } finally {\n    c.release()\n  }`,
    ],
    [
      'a parameter of which nothing is known',
      `  const c = await pool.connect()\n  try {\n    return given\n  } finally {\n    c.release()\n  }`,
    ],
    [
      'an answer that is asked with the connection and not awaited',
      `  const c = await pool.connect()\n  try {\n    return given.users.find(c, 1)\n  } finally {\n    c.release()\n  }`,
    ],
    [
      'a var',
      `  const c = await pool.connect()\n  try {\n    var x = 1\n  } finally {\n    c.release()\n  }\n  given(x)`,
    ],
  ])('as a callback refuses %s', (_name, body) => {
    const code = `${declared}export async function f(given: any): Promise<any> {\n${body}\n}\n`
    const { text, sites } = migrate(code, { style: 'callback' })
    expect(text).toBe(code)
    expect(sites).toMatchObject([{ verdict: 'manual', reason: 'completion' }])
    expect(migrate(code).sites).toMatchObject([{ verdict: 'rewritten' }])
  })

  it.each([
    ['a plain function', 'return plain(rows)', 'function plain(x: any): number { return x }'],
    ['a choice of plain values', 'return rows ? (rows[0] ?? null) : [1].length', ''],
    ['nothing', 'return', ''],
    ['an object', 'return { rows }', ''],
    ['an if with two ends', 'if (rows) { return 1 } else { throw new Error(rows) }', ''],
    ['a nested try', 'try { return 1 } catch { return 2 }', ''],
  ])('as a callback may return %s', (_name, end, more) => {
    const code = `${declared}export async function f(given: any): Promise<any> {
  if (given) {
    const c = await pool.connect()
    try {
      const { rows } = await c.query('x')
      ${end}
    } finally {
      c.release()
    }
  }
  return undefined
}
${more}
`
    expect(migrate(code, { style: 'callback' }).text).toContain(
      `    return await connections.withConnection('rag', async (c) => {`,
    )
  })

  it('as a callback returns what the bracket returned', () => {
    const code = `${declared}export async function f(): Promise<number> {
  const c: any = await pool.connect()
  try {
    const { rows } = await c.query('x')
    return rows.map((row: any) => row.n).length > 0 ? rows.length : Number('0')
  } catch {
    return -1
  } finally {
    c.release()
  }
}
`
    expect(migrate(code, { style: 'callback' }).text).toContain(`
  return await connections.withConnection('rag', async (c: any) => {
    try {
      const { rows } = await c.query('x')
      return rows.map((row: any) => row.n).length > 0 ? rows.length : Number('0')
    } catch {
      return -1
    }
  })
}
`)
  })
})

describe('what stays out of the batch', () => {
  it('is a site that the caller names', () => {
    const code = `${declared}${bracket}${bracket.replace('function f', 'function g')}`
    const { text, sites } = migrate(code, {
      skip: ([first]) => new Set(first === undefined ? [] : [first.id]),
    })
    expect(sites.map((site) => site.verdict)).toEqual(['rewritable', 'rewritten'])
    expect(text).toContain(bracket)
    expect(text).toContain(rewritten.replace('function f', 'function g'))
  })

  it.each([
    ['a parameter', declared + bracket.replace('f()', 'f(connections: number)')],
    ['a constant of the module', `${declared}const connections = 1\n${bracket}`],
    ['an import from elsewhere', `import { connections } from './net'\n${declared}${bracket}`],
    ['a type-only import', `import type { connections } from './database'\n${declared}${bracket}`],
    [
      'another export of the same module',
      `import { other as connections } from './database'\n${declared}export const all = connections\n${bracket}`,
    ],
    [
      'the whole module',
      `import * as connections from './database'\n${declared}export const all = connections\n${bracket}`,
    ],
    ['a type', `${declared}type connections = 1\n${bracket}`],
  ])('is a site where the service’s name is %s', (_name, code) => {
    const { text, sites } = migrate(code)
    expect(text).toBe(code)
    expect(sites).toMatchObject([
      { verdict: 'manual', reason: 'collision', advice: expect.stringContaining('collide') },
    ])
  })

  it.each([
    ['a plain function', `${declared}${bracket}`, 'manual'],
    [
      'a function inside a method',
      `${declared}class A { m() { ${bracket.replace('export ', '')} return f } }`,
      'manual',
    ],
    ['a method', `${declared}class A { ${bracket.replace('export async function', 'async')} }`, 'rewritten'],
    [
      'an arrow function of a field',
      `${declared}class A { g = async () => ${bracket.slice(bracket.indexOf('{'))} }`,
      'rewritten',
    ],
  ])('is a site whose `this` is that of %s, by what `this` is there', (_name, code, verdict) => {
    const connections: ConnectionsReference = { kind: 'expression', expression: 'this.connections' }
    expect(migrate(code, { connections }).sites).toMatchObject([{ verdict }])
  })

  it.each([
    ['a name that nothing declares', 'deps.connections', '', '', 'manual'],
    ['a parameter', 'deps.connections', 'deps', '', 'rewritten'],
    ['a member that the class has not', 'this.connections', '', 'this.other = 1', 'manual'],
    ['a member that the constructor sets', 'this.connections', '', 'this.connections = 1', 'rewritten'],
    ['a member that may be inherited', 'this.connections', 'extends', '', 'rewritten'],
  ])(
    'is a site of a JavaScript file whose configured expression is %s, by whether it is known',
    (_name, expression, parameter, constructed, verdict) => {
      const method = bracket
        .replace('export async function f()', `async f(${parameter === 'extends' ? '' : parameter})`)
        .replace(': Promise<void>', '')
      const code = `const { Pool } = require('pg')\nconst pool = new Pool()\nclass A ${parameter === 'extends' ? 'extends B ' : ''}{ ${constructed === '' ? '' : `constructor() { ${constructed} }`}\n${method} }`
      const { sites } = migrate(code, { path: 'src/a.js', connections: { kind: 'expression', expression } })
      expect(sites).toMatchObject([verdict === 'manual' ? { verdict, reason: 'out-of-reach' } : { verdict }])
    },
  )

  it('is nothing when there is no site', () => {
    expect(migrate('export const x = 1\n')).toEqual({ text: 'export const x = 1\n', sites: [] })
  })
})

describe('text', () => {
  it('takes the purpose as a literal in the file’s quotes', () => {
    expect(migrate(declared + bracket, { purpose: `it's` }).text).toContain(`connection('it\\'s')`)
  })

  it('moves the lines of nested brackets by both steps', () => {
    const code = `${declared}export async function f(): Promise<void> {
  const a = await pool.connect()
  try {
    const b = await pool.connect()
    try {
      await b.query(\`x
      y\`)
      if (a) {
        await a.query('z')
      }
    } finally {
      b.release()
    }
    await a.query('after')
  } finally {
    a.release()
  }
}
`
    expect(migrate(code).text).toContain(`
  await using a = await connections.connection('rag')
  {
    await using b = await connections.connection('rag')
    await b.query(\`x
      y\`)
    if (a) {
      await a.query('z')
    }
  }
  await a.query('after')
}
`)
  })

  it('keeps an inner block whose names would meet those outside', () => {
    const code = `${declared}export async function f(): Promise<void> {
  const n = 1
  const a = await pool.connect()
  try {
    const b = await pool.connect()
    try {
      const n = 2
      await b.query(String(n))
    } finally {
      b.release()
    }
  } finally {
    a.release()
  }
  console.log(n)
}
`
    const { text, sites } = migrate(code)
    expect(sites.map((site) => site.verdict)).toEqual(['rewritten', 'rewritten'])
    expect(text.match(/const n = /g)).toHaveLength(2)
    expect(migrate(text).sites.map((site) => site.verdict)).toEqual(['already', 'already'])
  })

  it('keeps a block for a statement that would continue the line before it', () => {
    const code = declared + bracket.replace(`await c.query('x')`, `(await c.query('x'))`)
    expect(migrate(code).text).toContain(`connection('rag')\n  {\n    (await c.query('x'))\n  }\n`)
  })

  it('keeps a block for a statement that would continue an object without semicolon', () => {
    const code =
      declared +
      bracket.replace(`  try {\n    await`, `  const o = { x: 1 }\n  try {\n    [1].map(String)\n    await`)
    expect(migrate(code).text).toContain(`  const o = { x: 1 }\n  {\n    [1].map(String)\n`)
    const block = code.replace('const o = { x: 1 }', 'if (pool) {}')
    expect(migrate(block).text).toContain(`  if (pool) {}\n  [1].map(String)\n`)
  })

  it('keeps a last comment away from what stands behind the try', () => {
    const code = declared + bracket.replace(`('x')`, `('x') // asked`).replace(`  }\n}`, `  } // done\n}`)
    expect(migrate(code).text).toContain(`  await c.query('x') // asked\n  // done\n}`)
  })

  it('keeps an empty try as an empty block', () => {
    const code = declared + bracket.replace(`\n    await c.query('x')\n  `, '')
    expect(migrate(code).text).toContain(`connection('rag')\n  {}\n}`)
  })
})
