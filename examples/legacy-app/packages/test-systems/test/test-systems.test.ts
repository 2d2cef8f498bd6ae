import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { migrateSchema, sampleDocuments, uniqueName } from '@legacy-app/core'
import { closeDatabase, pools } from '../src/database'
import {
  ageEmbeddings,
  changedSince,
  countRows,
  countSessions,
  createWorkload,
  dropTestSystem,
  explain,
  loadSettings,
  Sandbox,
  seedCollection,
  serverVersion,
  sessionName,
  takeSnapshot,
  waitForDatabase,
} from '../src/index'

const collection = uniqueName('test-systems')

before(() => pools.withConnection(migrateSchema))
after(async () => {
  await dropTestSystem(collection)
  await closeDatabase()
})

test('a test system is set up, counted and dropped', async () => {
  assert.equal(await seedCollection(collection), sampleDocuments.length)
  await loadSettings(collection, { language: 'en' })
  assert.deepEqual(await countRows(collection), { documents: 5, settings: 1, jobs: 0, audit: 0, messages: 0 })
  assert.ok((await ageEmbeddings(collection)) >= 5)
  assert.equal(await dropTestSystem(collection), 6)
  assert.equal((await takeSnapshot(collection)).size, 0)
})

test('a snapshot shows what was added, changed and removed', async () => {
  await seedCollection(collection, sampleDocuments.slice(0, 2))
  const before = await takeSnapshot(collection)
  assert.deepEqual(await changedSince(collection, before), [])
  const [first, , third] = sampleDocuments
  await seedCollection(collection, [{ ...first!, body: 'Another text.' }, third!])
  assert.deepEqual(await changedSince(collection, before), [third!.source, first!.source])
})

test('a failing seed leaves nothing behind', async () => {
  const name = `${collection}-failing`
  const bad = { source: 'x', title: 'x', body: 'null \0 character' }
  await assert.rejects(seedCollection(name, [sampleDocuments[0]!, bad]))
  assert.equal((await takeSnapshot(name)).size, 0)
})

test('what happens in a sandbox is gone when it stops', async () => {
  const name = `${collection}-sandbox`
  const sandbox = new Sandbox(pools)
  await assert.rejects(sandbox.count(name), /was not started/)
  await sandbox.start()
  await sandbox.add(name, sampleDocuments[0]!)
  assert.equal(await sandbox.count(name), 1)
  await sandbox.stop()
  assert.equal((await takeSnapshot(name)).size, 0)
})

test('the probes see the server', async () => {
  assert.equal(await waitForDatabase(), 1)
  assert.ok((await serverVersion()) >= 130000)
  assert.equal(await sessionName(), 'legacy-app/test-session')
  assert.match((await explain('SELECT 1', [])).join('\n'), /Result/)
  await assert.rejects(explain('SELECT nonsense', []), /cannot explain/)
  const sessions = await new Promise((resolve) => countSessions((_error, count) => resolve(count)))
  assert.ok(Number(sessions) >= 1)
})

test('every operation of the workload succeeds, also side by side', async () => {
  const workload = createWorkload()
  await Promise.all(Array.from({ length: 8 }, (_, i) => workload.step(i)))
})
