import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { embed, migrateSchema, sampleDocuments, sampleQueries, uniqueName } from '@legacy-app/core'
import { closeDatabase, infra, pool, pools } from '../src/database'
import {
  AnswerTransaction,
  ChatHistory,
  createVectorStore,
  createWorkload,
  EmbeddingCache,
  forgetFeedback,
  helpfulShare,
  neighboursOf,
  recordFeedback,
  searchHybrid,
  searchKeywords,
  suggestTitles,
  titleOf,
  verifyEmbeddings,
  withAmbientConnection,
} from '../src/index'

const collection = uniqueName('test-rag')
const store = createVectorStore(pools, collection)
const sources = sampleDocuments.map((document) => document.source)

before(async () => {
  await pools.withConnection(migrateSchema)
  await store.addDocuments(sampleDocuments)
})
after(async () => {
  await store.delete(sources)
  await closeDatabase()
})

test('the vector store ranks the right document first', async () => {
  for (const { query, source } of sampleQueries) {
    const hits = await store.similaritySearch(embed(query), 3)
    assert.equal(hits.length, 3)
    assert.equal(hits[0]?.source, source, query)
  }
})

test('documents that cannot be stored leave nothing behind', async () => {
  const other = createVectorStore(pools, `${collection}-bad`)
  const bad = { source: 'x', title: 'x', body: 'null \0 character' }
  await assert.rejects(other.addDocuments([sampleDocuments[0]!, bad]))
  assert.deepEqual(await other.similaritySearch(embed('ships'), 3), [])
})

test('a manager without getconn is refused with the reason', () => {
  const contextOnly = { withConnection: async () => undefined }
  assert.throws(() => createVectorStore(contextOnly as object, collection), /has no getconn\/putconn/)
})

test('keywords and suggestions find documents', async () => {
  assert.deepEqual(await searchKeywords(collection, 'telescope moons', 5), [
    { source: 'astronomy.txt', matches: 2 },
  ])
  assert.deepEqual(await searchKeywords(collection, '!', 5), [])
  assert.deepEqual(await suggestTitles(collection, 'pay'), ['Payroll calendar'])
})

test('the hybrid search prefers documents with the words', async () => {
  const hits = await searchHybrid(collection, 'tomato', 5)
  assert.equal(hits[0]?.source, 'garden.txt')
  assert.equal(hits.length, sources.length)
})

test('many hybrid searches at once do not wait for each other for ever', async () => {
  const searches = Array.from({ length: 20 }, () => searchHybrid(collection, 'jupiter', 1))
  for (const [hit] of await Promise.all(searches)) assert.equal(hit?.source, 'astronomy.txt')
})

test('titles are read on the ambient connection and without one', async () => {
  assert.equal(await titleOf(collection, 'garden.txt'), 'Tomato garden')
  assert.equal(await withAmbientConnection(() => titleOf(collection, 'garden.txt')), 'Tomato garden')
  await assert.rejects(
    withAmbientConnection(() => Promise.reject(new Error('stop'))),
    /stop/,
  )
  assert.equal(await titleOf(collection, 'none'), undefined)
})

test('neighbours leave out the document itself', async () => {
  const neighbours = await neighboursOf(collection, 'garden.txt', 10)
  assert.equal(neighbours.length, sources.length - 1)
  assert.ok(!neighbours.includes('garden.txt'))
})

test('every stored embedding has the right length', async () => {
  assert.ok((await verifyEmbeddings(collection)) >= sources.length)
  const broken = `${collection}-broken`
  await createVectorStore(pools, broken).addDocuments([sampleDocuments[0]!])
  await pool.query(
    `UPDATE legacy_app.chunks SET embedding = '{1}' WHERE document_id IN (
       SELECT id FROM legacy_app.documents WHERE collection = $1)`,
    [broken],
  )
  await assert.rejects(verifyEmbeddings(broken), /embeddings of length 1/)
  await createVectorStore(pools, broken).delete(sources)
})

test('an embedding is computed once', async () => {
  const cache = new EmbeddingCache(infra, collection)
  assert.equal(await cache.get('harbour'), undefined)
  await cache.embed('harbour')
  await cache.embed('harbour')
  assert.deepEqual(await cache.usage(), { entries: 1, hits: 1 })
  assert.equal(await cache.clear(), 1)
})

test('a chat keeps its order and is summarized', async () => {
  const history = new ChatHistory(pool, collection)
  await history.append('chat', [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'two' },
    { role: 'user', content: 'three' },
  ])
  assert.deepEqual(await history.recent('chat', 2), [
    { role: 'assistant', content: 'two' },
    { role: 'user', content: 'three' },
  ])
  assert.equal(await history.summarize('chat', 'numbers'), 3)
  assert.deepEqual(await history.recent('chat', 2), [{ role: 'assistant', content: 'numbers' }])
  await history.clear('chat')
  assert.deepEqual(await history.recent('chat', 2), [])
})

test('an answer is there after commit and not after rollback', async () => {
  const history = new ChatHistory(pool, collection)
  const dropped = await AnswerTransaction.open(pools)
  await dropped.write(collection, 'answers', 'wrong')
  await dropped.rollback()
  const kept = await AnswerTransaction.open(pools)
  await kept.write(collection, 'answers', 'right')
  await kept.commit()
  await kept.rollback()
  assert.deepEqual(await history.recent('answers', 9), [{ role: 'assistant', content: 'right' }])
  await history.clear('answers')
})

test('feedback is a share', async () => {
  assert.equal(await helpfulShare(collection), 0)
  await recordFeedback(collection, 's', true)
  await recordFeedback(collection, 's', true)
  await recordFeedback(collection, 's', false)
  assert.ok(Math.abs((await helpfulShare(collection)) - 2 / 3) < 1e-9)
  assert.equal(await forgetFeedback(collection), 3)
})

test('every operation of the workload succeeds, also side by side', async () => {
  const workload = createWorkload()
  await Promise.all(Array.from({ length: 10 }, (_, i) => workload.step(i)))
})
