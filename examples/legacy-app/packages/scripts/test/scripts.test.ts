import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { migrateSchema, sampleDocuments, uniqueName } from '@legacy-app/core'
import { closeDatabase, pool, pools } from '../src/database'
import {
  collectionStatistics,
  conflictsOf,
  countExportable,
  createWorkload,
  exportDocuments,
  exportLines,
  importLines,
  listStale,
  LockKeeper,
  longestDocuments,
  markDeleted,
  purgeDeleted,
  rebuildCollection,
  rehearseImport,
  reindexCollection,
  removeFinishedJobs,
  runExclusively,
  vacuumTables,
  writeReport,
} from '../src/index'

const collection = uniqueName('test-scripts')
const lines = sampleDocuments.map((document) => JSON.stringify(document))
const sources = sampleDocuments.map((document) => document.source)

before(() => pools.withConnection(migrateSchema))
after(async () => {
  await markDeleted(collection, sources)
  await purgeDeleted(collection)
  await closeDatabase()
})

test('an import is rehearsed without effect, then done, then changes nothing', async () => {
  assert.deepEqual(await rehearseImport(collection, lines), { imported: 5, unchanged: 0 })
  assert.equal(await countExportable(collection), 0)
  assert.deepEqual(await importLines(collection, lines), { imported: 5, unchanged: 0 })
  assert.deepEqual(await importLines(collection, lines), { imported: 0, unchanged: 5 })
  assert.deepEqual(await conflictsOf(collection, lines.slice(0, 1)), [sources[0]])
})

test('an import with a bad line changes nothing', async () => {
  await assert.rejects(importLines(`${collection}-bad`, [lines[0]!, '{"source":"x"}']), /expected source, title/)
  await assert.rejects(importLines(`${collection}-bad`, [lines[0]!, 'no json']), SyntaxError)
  const poisoned = JSON.stringify({ source: 'x', title: 'x', body: 'null \0 character' })
  await assert.rejects(importLines(`${collection}-bad`, [lines[0]!, poisoned]))
  assert.equal(await countExportable(`${collection}-bad`), 0)
})

test('an export can be imported elsewhere and gives the same export again', async () => {
  const exported = await exportLines(collection)
  assert.equal(exported.length, sources.length)
  const copy = `${collection}-copy`
  await importLines(copy, exported)
  assert.deepEqual(await exportLines(copy), exported)
  await markDeleted(copy, sources)
  assert.equal(await purgeDeleted(copy), sources.length)
})

test('an export that is abandoned after the first document ends cleanly', async () => {
  for await (const document of exportDocuments(collection, 1)) {
    assert.equal(document.source, [...sources].sort()[0])
    break
  }
})

test('reindexing touches stale documents only', async () => {
  assert.equal(await reindexCollection(collection), 0)
  await pool.query(
    `UPDATE legacy_app.chunks SET embedded_with = 'old' WHERE document_id IN (
       SELECT id FROM legacy_app.documents WHERE collection = $1 AND source = $2)`,
    [collection, 'garden.txt'],
  )
  assert.deepEqual(await listStale(collection), ['garden.txt'])
  assert.equal(await reindexCollection(collection), 1)
  assert.deepEqual(await listStale(collection), [])
  assert.ok((await rebuildCollection(collection)) >= sources.length)
})

test('marked documents leave the export and are purged', async () => {
  assert.equal(await markDeleted(collection, ['bakery.txt', 'unknown.txt']), 1)
  assert.equal(await countExportable(collection), sources.length - 1)
  assert.equal(await purgeDeleted(collection), 1)
  assert.deepEqual(await importLines(collection, lines), { imported: 1, unchanged: 4 })
})

test('finished jobs are removed in batches, others stay', async () => {
  await pool.query(
    `INSERT INTO legacy_app.jobs (collection, kind, state)
     SELECT $1, 'index', CASE WHEN n <= 7 THEN 'done' ELSE 'queued' END FROM generate_series(1, 9) n`,
    [collection],
  )
  assert.equal(await removeFinishedJobs(collection, 3), 7)
  assert.equal(await removeFinishedJobs(collection, 3), 0)
  await pool.query('DELETE FROM legacy_app.jobs WHERE collection = $1', [collection])
})

test('only known tables are vacuumed', async () => {
  assert.equal(await vacuumTables(['chunks', 'pg_class; DROP TABLE x']), 1)
})

test('statistics and report agree with the documents', async () => {
  const statistics = await collectionStatistics(collection)
  assert.equal(statistics.documents, sources.length)
  assert.ok(statistics.chunks >= sources.length)
  const reports: string[] = []
  await writeReport(collection, async (report) => {
    reports.push(report)
  })
  assert.match(reports[0]!, /5 documents\n1\. Harbour operations/)
  assert.equal((await longestDocuments(collection, 2)).length, 2)
})

test('a lock is held by one keeper at a time', async () => {
  const ours = new LockKeeper(pools)
  const theirs = new LockKeeper(pools)
  assert.equal(await ours.lock(collection), true)
  assert.equal(await theirs.lock(collection), false)
  await ours.unlock(collection)
  assert.equal(await theirs.lock(collection), true)
  await theirs.unlock(collection)
})

test('exclusive work runs one after the other and its error is reported', async () => {
  let running = 0
  const work = async (): Promise<number> => {
    running += 1
    assert.equal(running, 1)
    await countExportable(collection)
    running -= 1
    return 1
  }
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => runExclusively(collection, work))), [1, 1, 1])
  const failing = runExclusively(collection, () => Promise.reject(new Error('no space')))
  await assert.rejects(failing, (error: Error) => (error.cause as Error).message === 'no space')
})

test('every operation of the workload succeeds, also side by side', async () => {
  const workload = createWorkload()
  await Promise.all(Array.from({ length: 12 }, (_, i) => workload.step(i)))
})
