import type { Pool } from 'pg'
import PgBoss from 'pg-boss'
import { describeOnEachPool, type ClientRig } from '../../clients/pools'
import { waitFor } from '../../support/wait-for'

describeOnEachPool('pg-boss', (rig) => {
  test('a job that is sent is worked and completed over the pool', async () => {
    const { boss } = await startBoss(rig, rig.pool())
    await boss.createQueue('greeting')
    const worked: unknown[] = []
    await boss.work('greeting', { pollingIntervalSeconds: 0.5 }, async ([job]) => {
      worked.push(job?.data)
      return { answer: 42 }
    })
    const id = await boss.send('greeting', { name: 'ada' })
    await waitFor(async () => (await boss.getJobById('greeting', id!))?.state === 'completed')
    expect(worked).toEqual([{ name: 'ada' }])
    expect((await boss.getJobById('greeting', id!))?.output).toEqual({ answer: 42 })
  })

  test('many jobs are inserted, fetched in batches by rivals and completed once each', async () => {
    const { boss } = await startBoss(rig, rig.pool())
    await boss.createQueue('batch')
    await boss.insert(Array.from({ length: 60 }, (_, n) => ({ name: 'batch', data: { n } })))
    const rival = async (): Promise<string[]> => {
      const jobs = await boss.fetch('batch', { batchSize: 20 })
      const ids = jobs.map((job) => job.id)
      await boss.complete('batch', ids)
      return ids
    }
    const ids = (await Promise.all([rival(), rival(), rival()])).flat()
    expect(new Set(ids).size).toBe(60)
    expect(await boss.getQueueSize('batch')).toBe(0)
  })

  test('a job that is sent inside of a transaction exists only if the transaction commits', async () => {
    const pool = rig.pool()
    const { boss } = await startBoss(rig, pool)
    await boss.createQueue('outbox')
    const sendIn = async (end: 'COMMIT' | 'ROLLBACK'): Promise<string | null> => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        const db = { executeSql: (text: string, values: unknown[]) => client.query(text, values) }
        const id = await boss.send('outbox', {}, { db })
        await client.query(end)
        return id
      } finally {
        client.release()
      }
    }
    await sendIn('ROLLBACK')
    const id = await sendIn('COMMIT')
    expect((await boss.fetch('outbox', { batchSize: 10 })).map((job) => job.id)).toEqual([id])
  })

  test('a job whose worker fails keeps the error', async () => {
    const { boss } = await startBoss(rig, rig.pool())
    await boss.createQueue('failing')
    await boss.work('failing', { pollingIntervalSeconds: 0.5 }, () =>
      Promise.reject(new Error('the work failed')),
    )
    const id = await boss.send('failing', {}, { retryLimit: 0 })
    await waitFor(async () => (await boss.getJobById('failing', id!))?.state === 'failed')
    expect((await boss.getJobById('failing', id!))?.output).toMatchObject({ message: 'the work failed' })
  })
})

async function startBoss(rig: ClientRig, pool: Pool): Promise<{ boss: PgBoss }> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    supervise: false,
    schedule: false,
  })
  const errors: unknown[] = []
  boss.on('error', (error) => errors.push(error))
  rig.beforeEnd(async () => {
    await boss.stop({ graceful: true, wait: true, close: false })
    expect(errors).toEqual([])
  })
  await boss.start()
  return { boss }
}
