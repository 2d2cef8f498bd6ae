import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ContextPoolManager, createLegacyDatabase } from '../src/index'

const database = createLegacyDatabase('connection-layer-test', { ...process.env, DB_POOL_MAX: '3' })
const { delegatePool, infra, pool, pools } = database
const one = 'SELECT 1 AS one'

after(() => database.close())

test('every way in gives a working connection and the pool is whole again afterwards', async () => {
  const raw = await infra.getDbConnection()
  assert.equal((await raw.query<{ one: number }>(one)).rows[0]?.one, 1)
  infra.releaseDbConnection(raw)
  assert.equal((await infra.getDbConnection((conn) => conn.query(one))).rowCount, 1)
  {
    await using scoped = await infra.getDbConnection()
    assert.equal((await scoped.query(one)).rowCount, 1)
  }
  const taken = await pools.getconn()
  assert.equal((await taken.query(one)).rowCount, 1)
  pools.putconn(taken)
  assert.equal((await pools.withConnection((conn) => conn.query(one))).rowCount, 1)
  {
    await using scoped = await pools.connection()
    assert.equal((await scoped.query(one)).rowCount, 1)
  }
  const delegated = await delegatePool.getconn()
  assert.equal((await delegated.query(one)).rowCount, 1)
  await delegatePool.putconn(delegated)
  assert.equal(pool.totalCount, pool.idleCount)
})

test('a key gives the same connection until it is put back', async () => {
  const first = await pools.getconn('report')
  assert.equal(await pools.getconn('report'), first)
  pools.putconn(first, 'report', true)
  const second = await pools.getconn('report')
  assert.notEqual(second, first)
  pools.putconn(second, 'report')
})

test('a scope that fails gives its connection back', async () => {
  for (let i = 0; i < 5; i += 1) {
    await assert.rejects(pools.withConnection((conn) => conn.query('SELECT nonsense')))
    await assert.rejects(infra.getDbConnection((conn) => conn.query('SELECT nonsense')))
  }
  assert.equal(pool.totalCount, pool.idleCount)
})

test('a context-only manager offers no getconn', async () => {
  const manager = new ContextPoolManager(pool)
  assert.equal('getconn' in manager, false)
  assert.equal((await manager.withConnection((conn) => conn.query(one))).rowCount, 1)
})

test('a configuration mistake is named', () => {
  assert.throws(() => createLegacyDatabase('x', {}), /DATABASE_URL is not set/)
  assert.throws(
    () => createLegacyDatabase('x', { DATABASE_URL: 'postgres://127.0.0.1/x', DB_POOL_MAX: 'many' }),
    /DB_POOL_MAX is "many"; expected a positive whole number/,
  )
})

test('a database that cannot be reached is reported with the reason', async () => {
  const unreachable = createLegacyDatabase('x', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  await assert.rejects(unreachable.pools.getconn(), /getconn failed after 3 attempt\(s\): .*ECONNREFUSED/)
  await unreachable.close()
})
