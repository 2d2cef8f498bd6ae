import { closeDatabase, infra, pool, pools } from './database'
import { migrateSchema } from './documents/migrate-schema'
import { sampleDocuments } from './documents/sample-documents'
import { purgeAudit, recentActions, recordAction, recordBatch } from './service/audit'
import {
  describeCollection,
  dropCollection,
  listCollections,
  readSetting,
  renameCollection,
  writeSetting,
} from './service/catalog'
import { checkHealth, pingDatabase } from './service/health'
import { IngestionService } from './service/ingestion-service'
import { JobQueue } from './service/job-queue'
import { expectThat, rotateOperations, type Workload } from './workload-support'

/** The indexing service under load. */
export function createWorkload(): Workload {
  const ingestion = new IngestionService(pools, infra)
  return rotateOperations({
    name: 'core',
    prepare: () => pools.withConnection(migrateSchema),
    close: closeDatabase,
    operations: [
      async function settings(own) {
        await writeSetting(own, 'language', 'en')
        expectThat((await readSetting(own, 'language', 'de')) === 'en', 'the setting that was written')
        expectThat((await readSetting(own, 'unknown', 'none')) === 'none', 'the fallback')
        await dropCollection(own)
      },
      async function ingest(own) {
        const input = { ...sampleDocuments[0]!, source: `${own}.txt` }
        const saved = await ingestion.ingest(own, input)
        expectThat(saved.chunkCount > 0 && !saved.unchanged, 'a new document with chunks')
        expectThat((await ingestion.ingest(own, input)).unchanged, 'the second ingestion to change nothing')
        expectThat(!(await ingestion.ingestOnce(own, input)), 'the document to be known')
        expectThat(await ingestion.exists(own, input.source), 'the document to exist')
        expectThat((await ingestion.reembed(own, input.source)) === saved.chunkCount, 'the same chunks again')
        expectThat((await ingestion.checksum(own, input.source))?.length === 64, 'a checksum')
        expectThat(await ingestion.remove(own, input.source), 'the document to be removed')
        expectThat((await ingestion.reembed(own, input.source)) === undefined, 'nothing to embed')
      },
      async function catalog(own) {
        await ingestion.ingestMany(own, sampleDocuments)
        const description = await describeCollection(own)
        expectThat(description.documents === sampleDocuments.length, `${sampleDocuments.length} documents`)
        expectThat((await renameCollection(own, `${own}-b`)) === sampleDocuments.length, 'every document to move')
        expectThat((await listCollections(own)).join() === `${own}-b`, 'only the new name')
        await dropCollection(`${own}-b`)
        expectThat((await listCollections(own)).length === 0, 'no collection left')
      },
      async function jobs(own) {
        const queue = new JobQueue(pool, own)
        await queue.enqueue('index', { source: 'a' })
        await queue.enqueue('index', { source: 'b' })
        const first = await queue.claim()
        expectThat(first?.payload.source === 'a', 'the oldest job first')
        expectThat((await queue.requeue([first.id, '0'])) === 1, 'one job to be requeued')
        const again = await queue.claim()
        expectThat(again?.id === first.id, 'the requeued job')
        await queue.finish(again.id)
        const second = await queue.claim()
        expectThat(second?.payload.source === 'b', 'the second job')
        await queue.runInTransaction(second, async (client) => {
          await client.query(`UPDATE legacy_app.jobs SET payload = '{"source":"c"}' WHERE id = $1`, [second.id])
        })
        expectThat((await queue.claim()) === undefined, 'an empty queue')
        expectThat((await queue.count('done')) === 2 && queue.finished === 2, 'two finished jobs')
        await dropCollection(own)
      },
      async function audit(own) {
        await recordAction(own, 'workload', 'one')
        await recordBatch(own, 'workload', ['two', 'three'])
        expectThat((await recentActions(own, 2)).join() === 'workload: three,workload: two', 'the newest actions')
        expectThat((await purgeAudit(own, 1)) === 2, 'two purged actions')
        await dropCollection(own)
      },
      async function health() {
        const found = await checkHealth()
        expectThat(found.version >= 130000 && found.schema >= 1, 'a current server and schema')
        expectThat((await pingDatabase()) >= 0, 'a ping')
      },
    ],
  })
}
