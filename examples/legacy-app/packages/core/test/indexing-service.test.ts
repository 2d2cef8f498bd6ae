import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closeDatabase, pool, pools } from '../src/database'
import { migrateSchema, uniqueName } from '../src/index'
import { purgeAudit, recentActions, recordAction, recordBatch } from '../src/service/audit'
import { describeCollection, dropCollection, readSetting, writeSetting } from '../src/service/catalog'
import { checkHealth, pingDatabase } from '../src/service/health'
import { JobQueue } from '../src/service/job-queue'
import { createWorkload } from '../src/workload'

const collection = uniqueName('test-service')

before(() => pools.withConnection(migrateSchema))
after(async () => {
  await dropCollection(collection)
  await closeDatabase()
})

test('a setting is written, overwritten and read', async () => {
  await writeSetting(collection, 'language', 'de')
  await writeSetting(collection, 'language', 'en')
  assert.equal(await readSetting(collection, 'language', '?'), 'en')
  assert.equal(await readSetting(collection, 'unknown', '?'), '?')
  assert.deepEqual((await describeCollection(collection)).settings, { language: 'en' })
})

test('a job is claimed once, oldest first, by whoever asks first', async () => {
  const queue = new JobQueue(pool, `${collection}-claims`)
  for (let i = 0; i < 4; i += 1) await queue.enqueue('index', { i })
  const claimed = await Promise.all([queue.claim(), queue.claim(), queue.claim(), queue.claim()])
  assert.equal(new Set(claimed.map((job) => job?.id)).size, 4)
  assert.equal(await queue.claim(), undefined)
  assert.equal(await queue.requeue(claimed.map((job) => job!.id)), 4)
  assert.deepEqual((await queue.claim())?.payload, { i: 0 })
  await dropCollection(`${collection}-claims`)
})

test('a job whose work fails stays running and its changes are taken back', async () => {
  const queue = new JobQueue(pool, collection)
  await queue.enqueue('index', { source: 'a' })
  const job = await queue.claim()
  assert.ok(job)
  const failing = queue.runInTransaction(job, async (client) => {
    await client.query('INSERT INTO legacy_app.settings VALUES ($1, $2, $3)', [collection, 'half', 'done'])
    throw new Error('disk full')
  })
  await assert.rejects(failing, /disk full/)
  assert.equal(await readSetting(collection, 'half', 'none'), 'none')
  assert.equal(await queue.count('running'), 1)
  await queue.runInTransaction(job, async () => undefined)
  assert.equal(await queue.count('done'), 1)
})

test('the audit trail keeps the newest actions', async () => {
  const trail = `${collection}-audit`
  await recordAction(trail, 'ann', 'login')
  await recordBatch(trail, 'bob', ['upload', 'logout'])
  assert.deepEqual(await recentActions(trail, 2), ['bob: logout', 'bob: upload'])
  assert.equal(await purgeAudit(trail, 2), 1)
  assert.equal(await purgeAudit(trail, 0), 2)
})

test('the service is healthy', async () => {
  const health = await checkHealth()
  assert.ok(health.version >= 130000)
  assert.equal(health.schema, 1)
  assert.ok((await pingDatabase()) < 5_000)
})

test('a failing call leaves the service usable', async () => {
  for (let i = 0; i < 25; i += 1) {
    await assert.rejects(writeSetting(collection, 'bad', 'null \0 character'))
  }
  await writeSetting(collection, 'good', 'fine')
  assert.equal(await readSetting(collection, 'good', '?'), 'fine')
})

test('every operation of the workload succeeds, also side by side', async () => {
  const workload = createWorkload()
  await Promise.all(Array.from({ length: 12 }, (_, i) => workload.step(i)))
})
