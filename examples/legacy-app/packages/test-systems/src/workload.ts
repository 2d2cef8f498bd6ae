import {
  expectThat,
  migrateSchema,
  rotateOperations,
  sampleDocuments,
  type Workload,
} from '@legacy-app/core'
import { closeDatabase, infra, pools } from './database'
import { ageEmbeddings, dropTestSystem, loadSettings, seedCollection } from './fixtures'
import { countSessions, explain, serverVersion, sessionName, waitForDatabase } from './probes'
import { Sandbox } from './sandbox'
import { changedSince, countRows, takeSnapshot } from './snapshots'

/** Test systems being set up, inspected and taken down. */
export function createWorkload(): Workload {
  return rotateOperations({
    name: 'test-systems',
    prepare: () => infra.getDbConnection(migrateSchema),
    close: closeDatabase,
    operations: [
      async function setUpAndTakeDown(own) {
        await seedCollection(own)
        await loadSettings(own, { language: 'en', owner: 'tests' })
        const counts = await countRows(own)
        expectThat(counts.documents === sampleDocuments.length && counts.settings === 2, 'the seeded rows')
        expectThat((await ageEmbeddings(own)) > 0, 'aged embeddings')
        expectThat((await dropTestSystem(own)) === sampleDocuments.length + 2, 'every row to be dropped')
      },
      async function snapshots(own) {
        await seedCollection(own, sampleDocuments.slice(0, 2))
        const before = await takeSnapshot(own)
        await seedCollection(own, sampleDocuments.slice(2, 3))
        const changed = await changedSince(own, before)
        expectThat(changed.join() === sampleDocuments[2]!.source, 'one added document')
        await dropTestSystem(own)
      },
      async function sandbox(own) {
        const sandbox = new Sandbox(pools)
        await sandbox.start()
        try {
          await sandbox.add(own, sampleDocuments[3]!)
          expectThat((await sandbox.count(own)) === 1, 'the document inside the sandbox')
        } finally {
          await sandbox.stop()
        }
        expectThat((await takeSnapshot(own)).size === 0, 'nothing outside the sandbox')
      },
      async function probes(own) {
        expectThat((await waitForDatabase()) === 1, 'an answer at once')
        expectThat((await serverVersion()) >= 130000, 'a current server')
        expectThat((await sessionName()) === 'legacy-app/test-session', 'the session name')
        const plan = await explain('SELECT * FROM legacy_app.documents WHERE collection = $1', [own])
        expectThat(plan.length > 0, 'a plan')
        const sessions = await new Promise<number>((resolve, reject) => {
          countSessions((error, count) => (error ? reject(error) : resolve(count ?? 0)))
        })
        expectThat(sessions > 0, 'at least this session')
      },
    ],
  })
}
