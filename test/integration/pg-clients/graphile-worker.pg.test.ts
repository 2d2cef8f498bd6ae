import { EventEmitter } from 'node:events'
import {
  Logger,
  makeWorkerUtils,
  run,
  runOnce,
  type Runner,
  type TaskList,
  type WorkerEvents,
} from 'graphile-worker'
import type { Pool, PoolConfig } from 'pg'
import { describeOnEachPool, type ClientRig } from '../../clients/pools'
import { waitFor } from '../../support/wait-for'

const silent = new Logger(() => () => undefined)

describeOnEachPool('graphile-worker', (rig) => {
  beforeAll(() => install(rig))

  test('a job that is added from outside is picked up by its notification, not by the next poll', async () => {
    const done: unknown[] = []
    const { runner } = await startWorker(quietPool(rig), { greet: (payload) => void done.push(payload) })
    await addJobFromOutside(rig, 'greet', { name: 'ada' })
    await waitFor(() => done.length === 1)
    expect(done).toEqual([{ name: 'ada' }])
    await runner.stop()
    expect(await jobCount(rig)).toBe(0)
  })

  test('the listening client is the one lease that stays, and a stop gives it back', async () => {
    const pool = quietPool(rig)
    const { runner } = await startWorker(pool, {})
    await waitFor(() => pool.totalCount - pool.idleCount === 1)
    const listeners = await rig.database.query(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'",
    )
    expect(listeners).toEqual([{ count: 1 }])
    await runner.stop()
    await waitFor(() => pool.totalCount === pool.idleCount)
  })

  test('fifty jobs run once each over a pool that is smaller than the concurrency', async () => {
    const ran = new Map<unknown, number>()
    const { runner } = await startWorker(
      quietPool(rig, { max: 3 }),
      {
        count: async (payload, { query }) => {
          const { id } = payload as { id: number }
          await query('SELECT 1')
          ran.set(id, (ran.get(id) ?? 0) + 1)
        },
      },
      { concurrency: 8 },
    )
    await Promise.all(Array.from({ length: 50 }, (_, id) => runner.addJob('count', { id })))
    await waitFor(() => ran.size === 50)
    await runner.stop()
    expect([...ran.values()].every((times) => times === 1)).toBe(true)
    expect(await jobCount(rig)).toBe(0)
  })

  test('a stop waits for the job that is running', async () => {
    let finish: () => void = () => undefined
    let state: 'waiting' | 'running' | 'finished' = 'waiting'
    const gate = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { runner } = await startWorker(quietPool(rig), {
      slow: async () => {
        state = 'running'
        await gate
        state = 'finished'
      },
    })
    await runner.addJob('slow', {})
    await waitFor(() => state === 'running')
    const stopped = runner.stop()
    finish()
    await stopped
    expect(state).toBe('finished')
    expect(await jobCount(rig)).toBe(0)
  })

  test('a task works in a transaction of its own, which is undone when the task fails', async () => {
    await rig.database.query('CREATE TABLE IF NOT EXISTS effect (note text)')
    const pool = quietPool(rig)
    const task: TaskList[string] = async (_payload, { withPgClient }) => {
      await withPgClient(async (client) => {
        await client.query('BEGIN')
        await client.query("INSERT INTO effect VALUES ('undone')")
        await client.query('ROLLBACK')
      })
      throw new Error('the task failed')
    }
    await addJobFromOutside(rig, 'fail', {})
    await runOnce({ pgPool: pool, taskList: { fail: task }, logger: silent })
    const jobs = await rig.database.query('SELECT last_error, attempts FROM graphile_worker.jobs')
    expect(jobs).toEqual([{ last_error: expect.stringContaining('the task failed'), attempts: 1 }])
    expect(await rig.database.query('SELECT * FROM effect')).toEqual([])
    await rig.database.query('DELETE FROM graphile_worker._private_jobs')
  })

  test('a worker whose listening connection is killed listens again and takes the next job', async () => {
    const done: unknown[] = []
    const pool = quietPool(rig)
    const { runner, events } = await startWorker(pool, { greet: (payload) => void done.push(payload) })
    const listensAgain = new Promise((resolve) => events.once('pool:listen:success', resolve))
    await rig.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE 'LISTEN %'`,
    )
    await listensAgain
    await addJobFromOutside(rig, 'greet', { name: 'ben' })
    await waitFor(() => done.length === 1)
    await runner.stop()
    rig.allowPoolErrors()
  })

  test('its listeners on the pool are gone after a stop', async () => {
    // It says so, and puts its own listeners on a pool that has none for `connect`.
    const warning = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    const pool = rig.pool()
    const before = [pool.listenerCount('error'), pool.listenerCount('connect')]
    const { runner } = await startWorker(pool, {})
    warning.mockRestore()
    await runner.stop()
    expect([pool.listenerCount('error'), pool.listenerCount('connect')]).toEqual(before)
  })
})

/** Makes the tables of the worker once, over a pool that is then ended. */
async function install(rig: ClientRig): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString: rig.database.url, logger: silent })
  await utils.migrate()
  await utils.release()
}

/** The worker wants both listeners on a pool of others, and prints a warning otherwise. */
function quietPool(rig: ClientRig, options?: PoolConfig): Pool {
  const pool = rig.pool(options)
  pool.on('connect', () => undefined)
  return pool
}

/** A worker that listens already. Its poll is minutes away: what it does in a test it does because it was notified. */
async function startWorker(
  pgPool: Pool,
  taskList: TaskList,
  options: { readonly concurrency?: number } = {},
): Promise<{ runner: Runner; events: WorkerEvents }> {
  const events: WorkerEvents = new EventEmitter()
  const listens = new Promise((resolve) => events.once('pool:listen:success', resolve))
  const runner = await run({
    pgPool,
    taskList,
    events,
    logger: silent,
    noHandleSignals: true,
    pollInterval: 300_000,
    concurrency: 1,
    ...options,
  })
  await listens
  return { runner, events }
}

async function addJobFromOutside(rig: ClientRig, task: string, payload: object): Promise<void> {
  await rig.database.query('SELECT graphile_worker.add_job($1, $2)', [task, JSON.stringify(payload)])
}

async function jobCount(rig: ClientRig): Promise<number> {
  const [row] = await rig.database.query('SELECT count(*)::int AS count FROM graphile_worker.jobs')
  return Number(row?.['count'])
}
