import { readFileSync } from 'node:fs'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import { dialectWords } from '../../../../codemods/src/dialects/dialect-words'

describe('the built-in dialects', () => {
  it('are those that the documentation names', () => {
    const [documented = ''] = readFileSync('docs/dialects.md', 'utf8').split('\n## ')
    const rows = [...documented.matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map(([, id]) => id)
    expect(builtinDialects.map((dialect) => dialect.id)).toEqual(rows)
  })

  it('are named once each', () => {
    const ids = builtinDialects.map((dialect) => dialect.id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('can all be told by the type of their receiver', () => {
    for (const { receiver } of builtinDialects) {
      expect((receiver.types?.length ?? 0) + (receiver.members?.length ?? 0)).toBeGreaterThan(0)
    }
  })
})

describe('the words that a file with a site contains', () => {
  it('are those that take a connection, in the dialects and in the service itself', () => {
    expect(dialectWords(builtinDialects)).toEqual([
      'acquire',
      'acquireConnection',
      'connect',
      'connection',
      'createQueryRunner',
      'done',
      'getConnection',
      'getDbConnection',
      'getconn',
      'release',
      'use',
      'withConnection',
      'withTransaction',
    ])
  })

  it('follow a dialect that a team declares', () => {
    const acme = {
      id: 'acme-db',
      receiver: { types: [{ name: 'AcmeDb' }] },
      acquire: [{ method: 'openHandle' }],
      release: [],
      scoped: [{ method: 'using', callbackArgument: 0 }],
    }
    expect(dialectWords([acme])).toEqual(expect.arrayContaining(['openHandle', 'using', 'connection']))
  })
})
