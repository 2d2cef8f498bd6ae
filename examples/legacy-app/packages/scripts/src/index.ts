export {
  markDeleted,
  mergeSettings,
  purgeDeleted,
  removeFinishedJobs,
  trimEmbeddingCache,
  vacuumTables,
} from './cleanup'
export { runExclusively } from './exclusive'
export { countExportable, exportDocuments, exportEmbeddings, exportLines } from './export'
export { conflictsOf, importLines, rehearseImport, type ImportResult } from './import'
export { LockKeeper } from './lock-keeper'
export { listStale, rebuildCollection, reindexCollection, reindexDocument, touchCollection } from './reindex'
export { collectionStatistics, longestDocuments, writeReport, type CollectionStatistics } from './statistics'
export { createWorkload } from './workload'
