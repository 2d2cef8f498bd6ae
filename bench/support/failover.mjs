// One change of primary under eight writers: who does it, what is written down meanwhile, and what the new primary says about it.
import { setTimeout as delay } from 'node:timers/promises'
import { pg, startPostgres } from './product.mjs'

const writerCount = 8
const pauseAfterErrorMs = 5
const patienceMs = 30_000

/**
 * Runs one change of primary and resolves with its figures.
 *
 * @param kind `planned`: the old primary is shut down in order and hands everything over. `crash`: commits wait for the standby
 *   (synchronous replication), so that an acknowledged one must survive; the standby has them but does not say so yet when the
 *   old primary stops at once, so that each writer is left with a commit that will turn out to be done.
 * @param makeSide makes `{ write(id, writer), isUnknown(error), onPromoted(server), close() }` for the two servers
 */
export async function changePrimary(kind, makeSide) {
  const primary = await startPostgres({ replicas: 1 })
  const [standby] = primary.standbys
  try {
    await primary.query('CREATE TABLE written (id bigint PRIMARY KEY)')
    if (kind === 'crash') await commitOnBoth(primary)
    const side = makeSide(primary, standby)
    const log = { acknowledged: new Set(), unknown: new Set(), refused: new Set(), messages: {} }
    const writers = startWriters(side, log)
    await until(() => log.acknowledged.size >= 400, 'writes before the change')
    if (kind === 'crash') await holdAcknowledgements(standby, writers)
    const downAtMs = performance.now()
    await primary.halt(kind === 'crash' ? 'immediate' : 'fast')
    const promoted = watchPromotion(standby)
    const promoting = standby.promote()
    const promotedAtMs = await promoted
    side.onPromoted(standby)
    // Every writer must have come over.
    await until(
      () => writers.firstAfter(promotedAtMs).every(Number.isFinite),
      'a write of each writer afterwards',
    )
    await promoting
    await writers.stop()
    await side.close()
    const rows = await standby.query('SELECT id::int AS id FROM written')
    return judge({ log, writers, promotedAtMs, downAtMs, present: new Set(rows.map(({ id }) => id)) })
  } finally {
    await primary.stop('immediate')
  }
}

async function commitOnBoth(primary) {
  // Not a setting of the start: the standby would inherit it and wait for a standby of its own.
  await primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
  await primary.query("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
  await primary.query('SELECT pg_reload_conf()')
  await until(async () => {
    const [row] = await primary.query('SELECT sync_state FROM pg_stat_replication')
    return row?.sync_state === 'sync'
  }, 'synchronous replication')
}

/** The standby writes down what it gets, and applies it only when it is promoted. */
async function holdAcknowledgements(standby, writers) {
  await standby.query('SELECT pg_wal_replay_pause()')
  await until(() => performance.now() - writers.lastAckAtMs() > 100, 'all writers waiting for their commit')
}

/** Each attempt has an id of its own, so that what is found later can be told from its repetition. */
function startWriters(side, log) {
  let nextId = 1
  let isStopped = false
  const ackedAtMs = Array.from({ length: writerCount }, () => [])
  const work = async (writer) => {
    while (!isStopped) {
      const id = nextId++
      try {
        await side.write(id, writer)
        ackedAtMs[writer].push(performance.now())
        log.acknowledged.add(id)
      } catch (error) {
        log[side.isUnknown(error) ? 'unknown' : 'refused'].add(id)
        const text = `${error.code ?? error.name}: ${error.message}`.slice(0, 120)
        log.messages[text] = (log.messages[text] ?? 0) + 1
        await delay(pauseAfterErrorMs)
      }
    }
  }
  const running = ackedAtMs.map((_, writer) => work(writer))
  return {
    lastAckAtMs: () => Math.max(...ackedAtMs.flatMap((list) => list.at(-1) ?? 0)),
    /** For each writer, when its first write after that instant was acknowledged; infinite before there is one. */
    firstAfter: (instantMs) => ackedAtMs.map((list) => list.find((atMs) => atMs > instantMs) ?? Infinity),
    async stop() {
      isStopped = true
      await Promise.all(running)
    },
  }
}

/** Resolves with the instant at which the standby is first seen to take writes. */
async function watchPromotion(standby) {
  const client = new pg.Client(standby.connection)
  await client.connect()
  try {
    for (;;) {
      const { rows } = await client.query('SELECT pg_is_in_recovery() AS r')
      if (!rows[0].r) return performance.now()
      await delay(1)
    }
  } finally {
    await client.end()
  }
}

function judge({ log, writers, promotedAtMs, downAtMs, present }) {
  const firstWrites = writers.firstAfter(promotedAtMs)
  const count = (ids, isCounted) => [...ids].filter(isCounted).length
  return {
    firstWriteMs: Math.min(...firstWrites) - promotedAtMs,
    lastWriterMs: Math.max(...firstWrites) - promotedAtMs,
    outageMs: Math.min(...firstWrites) - downAtMs,
    acknowledged: log.acknowledged.size,
    lost: count(log.acknowledged, (id) => !present.has(id)),
    unknown: log.unknown.size,
    unknownAndDone: count(log.unknown, (id) => present.has(id)),
    refused: log.refused.size,
    /** Done, though the caller was told that they had failed, not that nobody knows. */
    doneThoughRefused: count(log.refused, (id) => present.has(id)),
    messages: log.messages,
  }
}

async function until(condition, what) {
  const endMs = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${patienceMs} ms`)
    await delay(2)
  }
}
