import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface HandFix {
  readonly file: string
  /** Why no codemod does it. */
  readonly why: string
  /** Text that must occur, and what stands in its place; absent: the file goes. */
  readonly replace?: readonly (readonly [string, string])[]
}

const vectorStores = [['createVectorStore(pools, ', 'createVectorStore(']] as const

/** What a person does to the example application after `cleanup` has named the places: everything of it. */
const handFixes: readonly HandFix[] = [
  {
    file: 'packages/core/test/connection-layer.test.ts',
    why: 'It tests the old connection layer itself, which goes.',
  },
  {
    file: 'packages/rag-adapters/src/vector-store.ts',
    why: 'The factory asks at run time whether what it is given looks like a pool manager.',
    replace: [
      [
        `/** What the adapter needs of a pool manager. */
export interface ConnectionSource {
  getconn(): Promise<DbConnection>
  putconn(conn: DbConnection): void | Promise<void>
}

`,
        '',
      ],
      ['  type DbConnection,\n', ''],
      [
        `/**
 * Wires an adapter to whatever pool manager a team brings.
 *
 * @throws TypeError for managers that are context managers only: the adapter cannot work with those.
 */
export function createVectorStore(manager: Partial<ConnectionSource>, collection: string): VectorStoreAdapter {
  if (typeof manager.getconn !== 'function' || typeof manager.putconn !== 'function') {
    throw new TypeError('the pool manager has no getconn/putconn; the vector store adapter needs both')
  }
`,
        `/** The vector store of a collection. */
export function createVectorStore(collection: string): VectorStoreAdapter {
`,
      ],
    ],
  },
  {
    file: 'packages/rag-adapters/src/index.ts',
    why: 'It exports the type of that parameter.',
    replace: [[', type ConnectionSource', '']],
  },
  { file: 'packages/rag-adapters/src/workload.ts', why: 'It calls the factory.', replace: vectorStores },
  {
    file: 'packages/rag-adapters/test/rag-adapters.test.ts',
    why: 'It calls the factory, and tests its question.',
    replace: [
      ...vectorStores,
      [
        `test('a manager without getconn is refused with the reason', () => {
  const contextOnly = { withConnection: async () => undefined }
  assert.throws(() => createVectorStore(contextOnly as object, collection), /has no getconn\\/putconn/)
})

`,
        '',
      ],
    ],
  },
  {
    file: 'packages/scripts/src/reindex.ts',
    why: 'The connection is shared by key: only a person knows that nobody else in the process asks for this key.',
    replace: [
      [
        '/** Rebuilds under a key, so that whoever asks for the same key in this process shares the connection. */\n',
        '',
      ],
      [
        'const conn = await pools.getconn(collection)\n  try {\n    const touched',
        "await using conn = await connections.connection('scripts')\n  {\n    const touched",
      ],
      ['\n  } finally {\n    pools.putconn(conn, collection)\n  }\n', '\n  }\n'],
    ],
  },
]

/** @throws Error when a place does not look as it should. */
export function applyHandFixes(root: string): void {
  for (const { file, replace } of handFixes) {
    const path = join(root, file)
    if (replace === undefined) {
      rmSync(path)
      continue
    }
    let text = readFileSync(path, 'utf8')
    for (const [from, to] of replace) {
      if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`)
      text = text.replaceAll(from, to)
    }
    writeFileSync(path, text)
  }
}

/** Files that a person has to change, as `cleanup` names them. */
export const handFixedFiles: readonly string[] = [
  'packages/core/test/connection-layer.test.ts',
  'packages/rag-adapters/src/workload.ts',
  'packages/rag-adapters/test/rag-adapters.test.ts',
  'packages/scripts/src/reindex.ts',
]
