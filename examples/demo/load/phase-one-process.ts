// Phase 1 on the example: an adapter written for getconn/putconn on a manager that is a context manager only. Prints what
// happens without and with addGetconn as one line of JSON.
import { join } from 'node:path'
import { Pool } from 'pg'
import { addGetconn } from 'pgferry/legacy'

interface Manager {
  withConnection<T>(work: (connection: object) => Promise<T>): Promise<T>
}

interface VectorStore {
  addDocuments(documents: readonly unknown[]): Promise<readonly string[]>
  delete(sources: readonly string[]): Promise<number>
}

interface Core {
  readonly ContextPoolManager: new (pool: Pool) => Manager
  readonly sampleDocuments: readonly { readonly source: string }[]
}

interface Adapters {
  createVectorStore(manager: object, collection: string): VectorStore
}

async function main(root: string, connectionString: string): Promise<void> {
  const core = load(join(root, 'packages/core/dist/src/index.js')) as Core
  const adapters = load(join(root, 'packages/rag-adapters/dist/src/vector-store.js')) as Adapters
  const pool = new Pool({ connectionString, max: 2, application_name: 'legacy-app/phase-one' })
  try {
    const manager = new core.ContextPoolManager(pool)
    const errorBefore = await failureOf(() =>
      adapters.createVectorStore(manager, 'phase-one').addDocuments(core.sampleDocuments),
    )
    const store = adapters.createVectorStore(addGetconn(manager), 'phase-one')
    const ids = await store.addDocuments(core.sampleDocuments)
    await store.delete(core.sampleDocuments.map(({ source }) => source))
    console.log(JSON.stringify({ errorBefore, documentsAfter: ids.length }))
  } finally {
    await pool.end()
  }
}

async function failureOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return String(error)
  }
  throw new Error('the adapter works without addGetconn: phase 1 has nothing to repair')
}

function load(file: string): unknown {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the path is known only now, and the build is CommonJS
  return require(file)
}

const [root = ''] = process.argv.slice(2)
main(root, process.env['DATABASE_URL'] ?? '').catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
