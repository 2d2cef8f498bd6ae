import { EventEmitter } from 'node:events'
import type { ClientBase } from 'pg'
import { settle } from '../../../support/fake-clock'
import { watchServer } from '../../../../src/pool/resilient/server-signals'
import { errorWithCode, PoolStage, protocolOf, request, watch } from './pool-stage'

const lost = () => new Error('Connection terminated unexpectedly')

test('an idle connection that breaks is dropped at once and reported', async () => {
  const stage = new PoolStage()
  await stage.fill(1)
  const error = lost()
  stage.server.kill(1, error)
  await settle()
  expect(stage.pool.stats().total).toBe(0)
  expect(stage.events).toContainEqual({ kind: 'connection-failed', pool: 'main', error })
  expect(error).not.toHaveProperty('code')
  await stage.pool.close()
})

test('the error of a statement whose connection was lost says that its outcome is unknown', async () => {
  const stage = new PoolStage()
  stage.server.reply('slow', [], { delayMs: 100 })
  const lease = await stage.pool.acquire(request)
  const statement = watch(lease.client.query('INSERT slow'))
  await settle()
  stage.server.kill(lease.id, lost())
  await settle()
  expect(statement.error).toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: 'Connection terminated unexpectedly',
  })
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.closeReasons).toEqual(['failed'])
  expect(stage.kinds()).not.toContain('connection-failed')
  await stage.pool.close()
})

test('an error that has a code keeps it', async () => {
  const stage = new PoolStage()
  const lease = await stage.pool.acquire(request)
  const error = errorWithCode('ECONNRESET', 'read ECONNRESET')
  stage.server.kill(lease.id, error)
  expect(error).toMatchObject({ code: 'ECONNRESET' })
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('what is thrown instead of an error is left as it is', async () => {
  const stage = new PoolStage()
  const lease = await stage.pool.acquire(request)
  lease.client.emit('error', 'gone')
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.closeReasons).toEqual(['failed'])
  await stage.pool.close()
})

test('the loss of one connection makes the others be asked before they are lent', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  await stage.fill(2)
  stage.server.kill(2)
  await settle()
  expect(stage.pool.tryAcquire(request)).toBeUndefined()
  const lease = await stage.pool.acquire(request)
  expect(lease.id).toBe(1)
  expect(stage.texts()).toEqual([''])
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test.each(['errorMessage', 'notice'])(
  'when a server says in a %s that it goes down, its connections are asked before they are lent',
  async (message) => {
    const stage = new PoolStage({ pool: { max: 2 } })
    await stage.fill(1)
    const lease = await stage.pool.acquire(request)
    protocolOf(lease).emit(message, { code: '57P01' })
    stage.pool.release(lease, 'reuse')
    await stage.fill(1)
    protocolOf(lease).emit(message, { code: '57P02' })
    expect(stage.pool.tryAcquire(request)).toBeUndefined()
    protocolOf(lease).emit(message, {})
    await stage.pool.close()
  },
)

test('a client without a protocol of its own is watched for what it has', () => {
  const calls: string[] = []
  const signals = {
    onLeaving: () => calls.push('leaving'),
    onReadOnly: () => calls.push('read-only'),
    onPromoted: () => calls.push('promoted'),
  }
  watchServer({} as unknown as ClientBase, signals)
  const connection = new EventEmitter()
  watchServer({ connection } as unknown as ClientBase, signals)
  connection.emit('errorMessage', { code: '25006' })
  connection.emit('notice', { code: '57P03' })
  connection.emit('parameterStatus', { parameterName: 'in_hot_standby', parameterValue: 'on' })
  connection.emit('parameterStatus', { parameterName: 'in_hot_standby', parameterValue: 'off' })
  expect(calls).toEqual(['read-only', 'leaving', 'promoted'])
})
