export { ContextPoolManager } from './db/context-pool-manager'
export { DelegatePool } from './db/delegate-pool'
export { InfraDelegate } from './db/infra-delegate'
export { createLegacyDatabase, type LegacyDatabase } from './db/legacy-database'
export { ResilientPoolManager } from './db/resilient-pool-manager'
export type { ConnectionDelegate, DbConnection, PoolManager, ScopedDbConnection } from './db/types'
export {
  countDocuments,
  deleteDocument,
  embedDocument,
  findDocument,
  listDocuments,
  saveDocument,
  searchByEmbedding,
  searchDocuments,
  type DocumentInput,
  type DocumentRow,
  type SavedDocument,
  type SearchHit,
} from './documents/documents'
export { embed, EMBEDDING_MODEL, EMBEDDING_SIZE } from './documents/embedding'
export { migrateSchema } from './documents/migrate-schema'
export { sampleDocuments, sampleQueries } from './documents/sample-documents'
export { checksumOf, chunkText, wordsOf } from './documents/text'
export { Gate, type GatePass } from './gate'
export { expectThat, rotateOperations, uniqueName, type Workload } from './workload-support'
