import {
  expectThat,
  migrateSchema,
  rotateOperations,
  sampleDocuments,
  type DocumentInput,
  type Workload,
} from '@legacy-app/core'
import {
  markDeleted,
  mergeSettings,
  purgeDeleted,
  removeFinishedJobs,
  trimEmbeddingCache,
  vacuumTables,
} from './cleanup'
import { closeDatabase, pool, pools } from './database'
import { runExclusively } from './exclusive'
import { countExportable, exportEmbeddings, exportLines } from './export'
import { conflictsOf, importLines, rehearseImport } from './import'
import { LockKeeper } from './lock-keeper'
import { listStale, rebuildCollection, reindexCollection, touchCollection } from './reindex'
import { collectionStatistics, longestDocuments, writeReport } from './statistics'

const lines = sampleDocuments.map((document) => JSON.stringify(document))
const sources = sampleDocuments.map((document) => document.source)

/** The nightly scripts, all day long. */
export function createWorkload(): Workload {
  const locks = new LockKeeper(pools)
  return rotateOperations({
    name: 'scripts',
    prepare: () => pools.withConnection(migrateSchema),
    close: closeDatabase,
    operations: [
      async function importAndExport(own) {
        const rehearsed = await rehearseImport(own, lines)
        expectThat(rehearsed.imported === lines.length, 'a rehearsal of every line')
        expectThat((await countExportable(own)) === 0, 'nothing left of the rehearsal')
        expectThat((await importLines(own, lines)).imported === lines.length, 'every line to be imported')
        expectThat((await importLines(own, lines)).unchanged === lines.length, 'no change the second time')
        expectThat((await conflictsOf(own, lines)).length === lines.length, 'every source to be known')
        const exported = (await exportLines(own)).map((line) => (JSON.parse(line) as DocumentInput).source)
        expectThat(exported.join() === [...sources].sort().join(), 'every document in the export, in order')
        await removeAll(own)
      },
      async function reindex(own) {
        await importLines(own, lines.slice(0, 2))
        expectThat((await reindexCollection(own)) === 0, 'nothing stale')
        await pool.query(
          `UPDATE legacy_app.chunks SET embedded_with = 'old' WHERE document_id IN (
             SELECT id FROM legacy_app.documents WHERE collection = $1 AND source = $2)`,
          [own, sources[1]],
        )
        expectThat((await listStale(own)).join() === sources[1], 'one stale document')
        expectThat((await reindexCollection(own)) === 1, 'one reindexed document')
        expectThat((await rebuildCollection(own)) >= 2, 'chunks of both documents')
        expectThat((await touchCollection(own)) === 2, 'both documents to be touched')
        let embeddings = 0
        for await (const { embedding } of exportEmbeddings(own)) embeddings += embedding.length === 64 ? 1 : 0
        expectThat(embeddings >= 2, 'embeddings of both documents')
        await removeAll(own)
      },
      async function cleanup(own) {
        await importLines(own, lines.slice(0, 3))
        expectThat((await markDeleted(own, sources.slice(0, 2))) === 2, 'two marked documents')
        expectThat((await countExportable(own)) === 1, 'one exportable document')
        expectThat((await purgeDeleted(own)) === 2, 'two purged documents')
        await pool.query(
          `INSERT INTO legacy_app.jobs (collection, kind, state) SELECT $1, 'x', 'done' FROM generate_series(1, 5)`,
          [own],
        )
        expectThat((await removeFinishedJobs(own, 2)) === 5, 'five removed jobs')
        await pool.query(`INSERT INTO legacy_app.embedding_cache VALUES ($1, 'a', '{1}', 0), ($1, 'b', '{1}', 9)`, [
          own,
        ])
        expectThat((await trimEmbeddingCache(own, 5)) === 1, 'one trimmed embedding')
        expectThat((await trimEmbeddingCache(own, 10)) === 1, 'the other one')
        await removeAll(own)
      },
      async function settings(own) {
        await pool.query(`INSERT INTO legacy_app.settings VALUES ($1, 'a', '1'), ($1, 'b', '2'), ($2, 'a', '0')`, [
          own,
          `${own}-b`,
        ])
        expectThat((await mergeSettings(own, `${own}-b`)) === 1, 'one setting to be merged')
        await pool.query('DELETE FROM legacy_app.settings WHERE collection = $1', [`${own}-b`])
      },
      async function statistics(own) {
        await importLines(own, lines)
        const found = await collectionStatistics(own)
        expectThat(found.documents === lines.length && found.chunks >= found.documents, 'every document counted')
        expectThat(found.characters === sampleDocuments.reduce((n, d) => n + d.body.length, 0), 'all characters')
        let report = ''
        await writeReport(own, async (text) => {
          report = text
        })
        expectThat(report.split('\n').length === lines.length + 1, 'a line for each document')
        const [longest] = await longestDocuments(own, 1)
        const bodies = [...sampleDocuments].sort((a, b) => b.body.length - a.body.length)
        expectThat(longest === bodies[0]!.source, 'the longest document first')
        await removeAll(own)
      },
      async function locking(own) {
        expectThat(await locks.lock(own), 'the lock')
        expectThat(!(await locks.lock(own)), 'nobody else to get the lock')
        await locks.unlock(own)
        const result = await runExclusively(own, async () => vacuumTables(['jobs', 'unknown']))
        expectThat(result === 1, 'one vacuumed table')
      },
    ],
  })
}

async function removeAll(collection: string): Promise<void> {
  await markDeleted(collection, sources)
  await purgeDeleted(collection)
}
