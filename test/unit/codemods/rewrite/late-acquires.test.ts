import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { ConnectionsReference, TargetStyle } from '../../../../codemods/src/model/target'
import { applyTextEdits } from '../../../../codemods/src/model/text-edit'
import { rewriteFile } from '../../../../codemods/src/rewrite/rewrite-file'

const connections: ConnectionsReference = { kind: 'expression', expression: 'service' }
const head = `import { Pool } from 'pg'\nconst pool = new Pool()\ndeclare const service: any\n`

/** The function's text after a migration of the file; the file comes out the same from a second one. */
function migrate(code: string, style: TargetStyle = 'await-using', path = 'src/a.ts'): string {
  const once = (text: string): string => {
    const sources = { name: 'app', path: '/app', files: [{ path: `/app/${path}`, relativePath: path, text }] }
    const [file] = analyzePackage(sources, builtinDialects, { connections, readDisk: false }).files
    if (file === undefined) throw new Error('nothing was analysed')
    expect(file.parseErrors).toEqual([])
    return applyTextEdits(text, rewriteFile(file, { style, purpose: 'rag', connections }).edits)
  }
  const first = once(head + code)
  expect(once(first)).toBe(first)
  return first.slice(first.indexOf('service: any\n') + 'service: any\n'.length)
}

const take = `await using c = await service.connection('rag')`

describe('a connection that is taken inside its try', () => {
  it('leaves the other variables of its declaration', () => {
    const code = (list: string): string =>
      `async function f() {\n  let ${list}\n  try {\n    c = await pool.connect()\n    n = await c.query('x')\n  } finally {\n    if (c) c.release()\n  }\n}\n`
    const expected = `async function f() {\n  let n\n  ${take}\n  n = await c.query('x')\n}\n`
    expect(migrate(code('c, n'))).toBe(expected)
    expect(migrate(code('n, c = null'))).toBe(expected)
  })

  it('keeps a block where names would meet, and where a line would read on', () => {
    expect(
      migrate(
        `async function f(n) {\n  let c\n  try {\n    c = await pool.connect()\n    const n = await c.query('x')\n  } finally {\n    c?.release()\n  }\n}\n`,
      ),
    ).toBe(`async function f(n) {\n  {\n    ${take}\n    const n = await c.query('x')\n  }\n}\n`)
    expect(
      migrate(
        `async function f(g) {\n  let c\n  g.x = g\n  try {\n    [1].map(g)\n    c = await pool.connect()\n    await c.query('x')\n  } finally {\n    c?.release()\n  }\n}\n`,
      ),
    ).toContain(`\n  {\n    [1].map(g)\n    ${take}\n`)
  })

  it('keeps the clause of a switch apart, and line ends as they are', () => {
    const code = `async function f(x) {\n  let c\n  switch (x) {\n    case 1:\n      try {\n        c = await pool.connect()\n        await c.query('x')\n      } finally {\n        c?.release()\n      }\n  }\n}\n`
    const expected = `async function f(x) {\n  switch (x) {\n    case 1:\n      {\n        ${take}\n        await c.query('x')\n      }\n  }\n}\n`
    expect(migrate(code)).toBe(expected)
    expect(migrate(code.replaceAll('\n', '\r\n'))).toBe(expected.replaceAll('\n', '\r\n'))
  })

  it('moves in front of its try with the comment on its line, and over what follows opens a block', () => {
    const code = (after: string): string =>
      `async function f() {\n  let c;\n  try {\n    c = await pool.connect(); // mine\n    await c.query('x');\n  } catch (e) {\n    if (c) await c.query('rollback');\n    throw e;\n  } finally {\n    c?.release();\n  }\n${after}}\n`
    const rest = (pad: string): string =>
      `${pad}${take}; // mine\n${pad}try {\n${pad}  await c.query('x');\n${pad}} catch (e) {\n${pad}  if (c) await c.query('rollback');\n${pad}  throw e;\n${pad}}\n`
    expect(migrate(code(''))).toBe(`async function f() {\n${rest('  ')}}\n`)
    expect(migrate(code('  done();\n'))).toBe(`async function f() {\n  {\n${rest('    ')}  }\n  done();\n}\n`)
  })

  it.each([
    [
      'a comment in the finally block',
      `c = await pool.connect()\n    await c.query('x')\n  } finally {\n    // give it back`,
    ],
    ['a cast', `c = (await pool.connect()) as any\n    await c.query('x')\n  } finally {`],
    [
      'a catch that answers',
      `c = await pool.connect()\n    await c.query('x')\n  } catch (e) {\n    log(e)\n  } finally {`,
    ],
    [
      'a catch that throws another error',
      `c = await pool.connect()\n    await c.query('x')\n  } catch (e) {\n    if (c) await c.query('r')\n    throw new Error('x')\n  } finally {`,
    ],
    [
      'a catch that assigns its error',
      `c = await pool.connect()\n    await c.query('x')\n  } catch (e) {\n    if (c) e = await c.query('r')\n    throw e\n  } finally {`,
    ],
    [
      'a catch that asks something first',
      `c = await pool.connect()\n    await c.query('x')\n  } catch (e) {\n    if (log(e) && c) await c.query('r')\n    throw e\n  } finally {`,
    ],
  ])('changes the calls only, around %s', (_name, middle) => {
    const code = `async function f(log) {\n  let c\n  try {\n    ${middle}\n    if (c) c.release()\n  }\n}\n`
    expect(migrate(code)).toBe(
      code
        .replace('pool.connect()', `service.acquireConnection('rag')`)
        .replace('c.release()', 'service.releaseConnection(c)'),
    )
  })

  it('changes the calls only in plain JavaScript and in the other styles', () => {
    const code = `async function f() {\n  let c\n  try {\n    c = await pool.connect()\n    return await c.query('x')\n  } finally {\n    c?.release()\n  }\n}\n`
    const expected = code
      .replace('pool.connect()', `service.acquireConnection('rag')`)
      .replace('c?.release()', 'if (c) service.releaseConnection(c)')
    expect(migrate(code, 'acquire-release')).toBe(expected)
    expect(migrate(code, 'callback')).toBe(expected)
    const plain = `const { Pool } = require('pg')\nconst pool = new Pool()\nconst service = require('./s')\n`
    const sources = {
      name: 'app',
      path: '/app',
      files: [{ path: '/app/a.js', relativePath: 'a.js', text: plain + code }],
    }
    const [file] = analyzePackage(sources, builtinDialects, { connections, readDisk: false }).files
    if (file === undefined) throw new Error('nothing was analysed')
    const { edits } = rewriteFile(file, { style: 'await-using', purpose: 'rag', connections })
    expect(applyTextEdits(plain + code, edits)).toContain('if (c) service.releaseConnection(c)')
  })

  it('tells the service what the old release was told', () => {
    const code = `async function f() {\n  let c: any\n  let failed: any\n  try {\n    c = await pool.connect()\n    await c.query('x')\n  } catch (e) {\n    failed = e\n    throw e\n  } finally {\n    if (c) c.release(failed)\n  }\n}\n`
    expect(migrate(code)).toBe(code.replace('pool.connect()', `service.acquireConnection('rag')`))
    expect(migrate(code.replace('let c: any', 'let c'))).toContain(
      'if (c) service.releaseConnection(c, failed)',
    )
  })
})

describe('a connection of one’s own where none was given', () => {
  it('gets a name that the file does not have yet, and takes its flag along', () => {
    expect(
      migrate(
        `async function f(given, ownC) {\n  const isOurs = !given\n  const c = given ?? (await pool.connect())\n  try {\n    await c.query('x')\n  } finally {\n    if (isOurs) c.release()\n  }\n}\n`,
      ),
    ).toBe(
      `async function f(given, ownC) {\n  await using ownC2 = given ? null : await service.connection('rag')\n  const c = given ?? ownC2!\n  await c.query('x')\n}\n`,
    )
  })

  it('keeps a flag that somebody else asks for', () => {
    expect(
      migrate(
        `async function f(given, log) {\n  const isOurs = !given\n  const c = given || (await pool.connect())\n  try {\n    log(isOurs)\n    await c.query('x')\n  } finally {\n    if (isOurs) c.release()\n  }\n}\n`,
      ),
    ).toContain('const isOurs = !given\n  await using ownC = given ? null')
  })

  it('changes the calls only when a name of the block is needed behind it', () => {
    expect(
      migrate(
        `async function f(given, log) {\n  const c = given ?? (await pool.connect())\n  const n = 1\n  try {\n    await c.query('x')\n  } finally {\n    if (!given) c.release()\n  }\n  log(n)\n}\n`,
      ),
    ).toContain(`given ?? (await service.acquireConnection('rag'))`)
  })
})
