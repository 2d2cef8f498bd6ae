import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closeDatabase, infra, pools } from '../src/database'
import { migrateSchema, sampleDocuments, sampleQueries, searchDocuments, uniqueName } from '../src/index'
import { describeCollection, dropCollection, listCollections, renameCollection } from '../src/service/catalog'
import { IngestionService } from '../src/service/ingestion-service'

const ingestion = new IngestionService(pools, infra)
const collection = uniqueName('test-ingestion')

before(() => pools.withConnection(migrateSchema))
after(async () => {
  await dropCollection(collection)
  await closeDatabase()
})

test('the schema can be migrated again and by several at once', async () => {
  await Promise.all([1, 2, 3].map(() => pools.withConnection(migrateSchema)))
})

test('a document is ingested once and re-ingested only when its text changed', async () => {
  const input = { source: 'note.txt', title: 'Note', body: 'The quay is closed on Sundays.' }
  const first = await ingestion.ingest(collection, input)
  assert.equal(first.unchanged, false)
  assert.equal(first.chunkCount, 1)
  assert.equal((await ingestion.ingest(collection, input)).unchanged, true)
  const changed = await ingestion.ingest(collection, { ...input, body: 'The quay is open on Sundays.' })
  assert.deepEqual({ id: changed.id, unchanged: changed.unchanged }, { id: first.id, unchanged: false })
  assert.equal(await ingestion.remove(collection, 'note.txt'), true)
  assert.equal(await ingestion.exists(collection, 'note.txt'), false)
})

test('an empty document is refused', async () => {
  await assert.rejects(ingestion.ingest(collection, { source: 'e', title: 'E', body: '  ' }), /document e is empty/)
})

test('a batch with a bad document changes nothing', async () => {
  const bad = { source: 'bad\0name', title: 'Bad', body: 'PostgreSQL refuses a null character.' }
  await assert.rejects(ingestion.ingestMany(collection, [sampleDocuments[0]!, bad]))
  assert.equal((await describeCollection(collection)).documents, 0)
})

test('a search ranks the document about the subject first', async () => {
  await ingestion.ingestMany(collection, sampleDocuments)
  for (const { query, source } of sampleQueries) {
    const hits = await pools.withConnection((conn) => searchDocuments(conn, collection, query, 3))
    assert.equal(hits[0]?.source, source, query)
    assert.ok(hits[0].score > hits[1]!.score)
  }
})

test('embedding a document anew keeps its chunks and checksum', async () => {
  const before = await ingestion.checksum(collection, 'harbour.txt')
  assert.ok(((await ingestion.reembed(collection, 'harbour.txt')) ?? 0) > 0)
  assert.equal(await ingestion.checksum(collection, 'harbour.txt'), before)
  assert.equal(await ingestion.reembed(collection, 'unknown.txt'), undefined)
})

test('a document that is known is not taken in again', async () => {
  assert.equal(await ingestion.ingestOnce(collection, sampleDocuments[0]!), false)
  assert.equal(await ingestion.ingestOnce(collection, { source: 'new.txt', title: 'New', body: 'New text.' }), true)
})

test('a renamed collection takes its documents along', async () => {
  const renamed = `${collection}-renamed`
  assert.equal(await renameCollection(collection, renamed), sampleDocuments.length + 1)
  assert.deepEqual(await listCollections(collection), [renamed])
  await renameCollection(renamed, collection)
})
