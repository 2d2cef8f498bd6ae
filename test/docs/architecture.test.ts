import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '../..')
const documents = [
  'README.md',
  'MIGRATION.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/pool.md',
  'docs/failures.md',
  'docs/drop-in-pool.md',
  'docs/observability.md',
  'bench/README.md',
  'docs/decisions/0005-own-core.md',
  'docs/decisions/0006-wait-for-the-pool.md',
  'docs/decisions/0007-breaker-opens-by-time.md',
  'docs/decisions/0008-drop-in-keeps-its-own-state.md',
  'docs/decisions/0009-shared-statements.md',
  'codemods/README.md',
  'docs/codemods-inside.md',
  'docs/dialects.md',
  'docs/cleanup.md',
]

describe('the documents tell the truth about files', () => {
  test.each(documents)('every file that %s names exists', (document) => {
    const text = readFileSync(join(root, document), 'utf8')
    const named = [...text.matchAll(/`((?:src|codemods|test|examples|docs|scripts)\/[\w./-]+\.\w+)`/g)].map(
      (m) => m[1] ?? '',
    )
    // The one that a newcomer is asked to create.
    const missing = named.filter(
      (path) => path !== 'codemods/src/dialects/acme.ts' && !existsSync(join(root, path)),
    )
    expect(missing).toEqual([])
  })

  test.each(documents)('every relative link of %s leads somewhere', (document) => {
    const text = readFileSync(join(root, document), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((m) => m[1] ?? '')
    const missing = links.filter((link) => !existsSync(resolve(join(root, document), '..', link)))
    expect(missing).toEqual([])
  })

  test('the walk of one connection reads six files, none over 250 lines', () => {
    const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    const walk = text.slice(text.indexOf('## A walk'), text.indexOf('## ', text.indexOf('## A walk') + 5))
    const files = [...walk.matchAll(/^\d+\. `(src\/[^`]+)`/gm)].map((m) => m[1] ?? '')
    expect(files).toHaveLength(6)
    for (const file of files) {
      expect({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length <= 251 }).toEqual({
        file,
        lines: true,
      })
    }
  })
})
