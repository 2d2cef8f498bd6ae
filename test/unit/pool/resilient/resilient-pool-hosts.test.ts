import { settle } from '../../../support/fake-clock'
import {
  errorWithCode,
  PoolStage,
  protocolOf,
  refused,
  request,
  watch,
  type StageOptions,
} from './pool-stage'

const write = { purpose: 'write', target: 'primary' } as const
const read = { purpose: 'read', target: 'standby' } as const
const readAnywhere = { purpose: 'read', target: 'prefer-standby' } as const
const anything = { purpose: 'any', target: 'any' } as const
const isRoleQuery = (text: string): boolean => text.includes('pg_is_in_recovery')

/** `a` is the primary and `b` its standby, unless it is said otherwise. */
function createStage(
  pool: StageOptions['pool'] = {},
  roles: Readonly<Record<string, 'primary' | 'standby'>> = { a: 'primary', b: 'standby' },
): PoolStage {
  const hosts = Object.keys(roles)
  return new PoolStage(
    { pool: { healthCheckMs: 0, ...pool }, hosts, connection: { user: 'app' } },
    (stage) => {
      for (const [name, role] of Object.entries(roles)) stage.host(name).hasRole(role)
    },
  )
}

/** A lease, once time has passed for whatever it needs. */
async function acquire(stage: PoolStage, asked: Parameters<PoolStage['pool']['acquire']>[0], ms = 300) {
  const outcome = watch(stage.pool.acquire(asked))
  await stage.clock.advance(ms)
  if (outcome.value === undefined) throw new Error('it is not served', { cause: outcome.error })
  return outcome.value
}

const rolesOf = (stage: PoolStage) => stage.pool.stats().hosts?.map(({ role }) => role)

test('the primary is found by asking, wherever it stands in the list', async () => {
  const stage = createStage({}, { a: 'standby', b: 'primary' })
  const lease = await stage.pool.acquire(request)
  expect(stage.hostOf(lease)).toBe('b')
  expect(stage.pool.stats()).toMatchObject({ idle: 1, leased: 1 })
  expect(stage.pool.stats().hosts).toMatchObject([
    { host: 'a', port: 5432, role: 'standby', lagMs: 0 },
    { host: 'b', port: 5432, role: 'primary' },
  ])
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
  expect(stage.clock.timerCount).toBe(0)
})

test('a reader is given the standby, a writer the primary, and who does not care any host', async () => {
  const stage = createStage()
  const writer = await stage.pool.acquire(write)
  const reader = await acquire(stage, read)
  const preferring = await acquire(stage, readAnywhere)
  expect([writer, reader, preferring].map((lease) => stage.hostOf(lease))).toEqual(['a', 'b', 'b'])
  for (const lease of [writer, reader, preferring]) stage.pool.release(lease, 'reuse')
  const careless = await stage.pool.acquire(anything)
  expect(stage.hostOf(careless)).toBe('b')
  stage.pool.release(careless, 'reuse')
  const again = await stage.pool.acquire(write)
  expect(again.client).toBe(writer.client)
  stage.pool.release(again, 'reuse')
  await stage.pool.close()
})

test('what comes back goes to the first caller that it serves, past those whom it does not', async () => {
  const stage = createStage({ max: 2 })
  const writer = await stage.pool.acquire(write)
  const reader = await acquire(stage, read)
  const nextWriter = watch(stage.pool.acquire(write))
  const nextReader = watch(stage.pool.acquire(read))
  stage.pool.release(reader, 'reuse')
  await settle()
  expect(nextWriter).toEqual({})
  expect(nextReader.value?.client).toBe(reader.client)
  stage.pool.release(writer, 'reuse')
  await settle()
  expect(nextWriter.value?.client).toBe(writer.client)
  for (const { value } of [nextWriter, nextReader]) stage.pool.release(value!, 'reuse')
  await stage.pool.close()
})

test('with the standby down, who prefers one reads from the primary', async () => {
  const stage = createStage()
  stage.host('b').refusal = refused
  const lease = await acquire(stage, readAnywhere, 1_000)
  expect(stage.hostOf(lease)).toBe('a')
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('an idle connection to a host that is not wanted gives way when room is needed', async () => {
  const stage = createStage({ max: 1 }, { a: 'standby', b: 'primary' })
  const writer = await stage.pool.acquire(write)
  expect(stage.hostOf(writer)).toBe('b')
  expect(stage.closeReasons).toEqual(['surplus'])
  stage.pool.release(writer, 'reuse')
  const reader = await acquire(stage, read)
  expect(stage.hostOf(reader)).toBe('a')
  expect(stage.closeReasons).toEqual(['surplus', 'surplus'])
  stage.pool.release(reader, 'reuse')
  await stage.pool.close()
})

test('without a host of the role that was asked for, the deadline says what was found', async () => {
  const stage = createStage({ acquireTimeoutMs: 500 }, { a: 'standby', b: 'standby' })
  const wait = watch(stage.pool.acquire(write))
  await stage.clock.advance(500)
  expect(wait.error).toMatchObject({
    code: 'NO_ELIGIBLE_HOST',
    isRetryable: true,
    hosts: [
      { host: 'a', port: 5432, role: 'standby' },
      { host: 'b', port: 5432, role: 'standby' },
    ],
    message:
      "pool 'main' found no host to serve as primary within 500 ms: a:5432 is standby, b:5432 is standby",
  })
  await stage.pool.close()
})

test('a host that is down is told of as down, with the reason', async () => {
  const stage = createStage({ acquireTimeoutMs: 500 }, { a: 'primary', b: 'primary' })
  const writer = await stage.pool.acquire(write)
  stage.host('b').refusal = refused
  const wait = watch(stage.pool.acquire(read))
  await stage.clock.advance(500)
  expect(wait.error).toMatchObject({ code: 'CONNECT_FAILED', cause: refused })
  expect(String(wait.error)).toContain('could not connect to b:5432')
  stage.pool.release(writer, 'reuse')
  await stage.pool.close()
})

test('callers of hosts that are all down are refused once the breakers are open', async () => {
  const stage = createStage()
  stage.host('a').refusal = refused
  stage.host('b').refusal = refused
  const wait = watch(stage.pool.acquire(write))
  await stage.clock.advance(6_000)
  expect(wait.error).toMatchObject({ code: 'CONNECT_FAILED' })
  const next = watch(stage.pool.acquire(write))
  await stage.clock.advance(300)
  expect(['CIRCUIT_OPEN', 'CONNECT_FAILED']).toContain((next.error as { code: string }).code)
  stage.host('b').hasRole('primary')
  stage.host('b').refusal = undefined
  await stage.clock.advance(500)
  const lease = await acquire(stage, write)
  expect(stage.hostOf(lease)).toBe('b')
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a promotion that the server tells of replaces what is connected to the old primary', async () => {
  const stage = createStage()
  const writer = await stage.pool.acquire(write)
  const reader = await acquire(stage, read)
  stage.host('b').hasRole('primary')
  protocolOf(reader).emit('parameterStatus', { parameterName: 'TimeZone', parameterValue: 'off' })
  expect(rolesOf(stage)).toEqual(['primary', 'standby'])
  protocolOf(reader).emit('parameterStatus', { parameterName: 'in_hot_standby', parameterValue: 'off' })
  expect(rolesOf(stage)).toEqual(['unknown', 'primary'])
  expect(stage.events.filter(({ kind }) => kind === 'host-role-changed')).toMatchObject([
    { pool: 'main', host: 'b', port: 5432, role: 'primary' },
    { pool: 'main', host: 'a', port: 5432, role: 'unknown' },
  ])
  stage.pool.release(writer, 'reuse')
  stage.pool.release(reader, 'reuse')
  await settle()
  expect(stage.closeReasons).toEqual(['role-changed', 'role-changed'])
  const next = await acquire(stage, write)
  expect(stage.hostOf(next)).toBe('b')
  stage.pool.release(next, 'reuse')
  await stage.pool.close()
})

test('an idle connection to a host that changed its role is closed at once', async () => {
  const stage = createStage()
  const writer = await stage.pool.acquire(write)
  const reader = await acquire(stage, read)
  stage.pool.release(writer, 'reuse')
  protocolOf(reader).emit('parameterStatus', { parameterName: 'in_hot_standby', parameterValue: 'off' })
  await settle()
  expect(stage.closeReasons).toEqual(['role-changed'])
  stage.pool.release(reader, 'reuse')
  await stage.pool.close()
})

test('a connection on which a write was refused is asked for its role at give-back', async () => {
  const stage = createStage({ roleRecheckMs: 60_000 })
  const writer = await stage.pool.acquire(write)
  stage.host('a').hasRole('standby')
  stage.host('b').hasRole('primary')
  protocolOf(writer).emit('errorMessage', { code: '25006' })
  expect(rolesOf(stage)?.[0]).toBe('primary')
  const asked = stage.texts('a').filter(isRoleQuery).length
  stage.pool.release(writer, 'reuse')
  await settle()
  expect(stage.texts('a').filter(isRoleQuery)).toHaveLength(asked + 1)
  expect(rolesOf(stage)?.[0]).toBe('standby')
  expect(stage.closeReasons).toEqual(['role-changed'])
  const next = await acquire(stage, write)
  expect(stage.hostOf(next)).toBe('b')
  stage.pool.release(next, 'reuse')
  await stage.pool.close()
})

test('a connection on which a write was refused for another reason is kept', async () => {
  const stage = createStage({ roleRecheckMs: 60_000 })
  const writer = await stage.pool.acquire(write)
  protocolOf(writer).emit('errorMessage', { code: '25006' })
  protocolOf(writer).emit('errorMessage', { code: '42P01' })
  stage.pool.release(writer, 'reuse')
  await settle()
  const next = await stage.pool.acquire(write)
  expect(next.client).toBe(writer.client)
  stage.pool.release(next, 'reuse')
  await stage.pool.close()
})

test('a single host is not asked for its role until a write was refused; then its name is tried anew', async () => {
  const stage = new PoolStage({ pool: { healthCheckMs: 0 } })
  const lease = await stage.pool.acquire(request)
  expect(stage.texts()).toEqual([])
  stage.host().hasRole('standby')
  protocolOf(lease).emit('errorMessage', { code: '25006' })
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.texts().filter(isRoleQuery)).toHaveLength(1)
  expect(stage.closeReasons).toEqual(['role-changed'])
  // The name leads to the new primary now.
  stage.host().hasRole('primary')
  const next = await acquire(stage, request)
  expect(next.id).toBe(2)
  expect(rolesOf(stage)).toEqual(['primary'])
  expect(stage.events).toContainEqual(
    expect.objectContaining({ kind: 'host-role-changed', role: 'primary' }) as object,
  )
  stage.pool.release(next, 'reuse')
  await stage.pool.close()
})

test('a crash of the primary is survived: the standby is asked, and serves as soon as it is promoted', async () => {
  const stage = createStage()
  const writer = await stage.pool.acquire(write)
  const reader = await acquire(stage, read)
  stage.pool.release(reader, 'reuse')
  stage.host('a').refusal = refused
  stage.host('a').server.kill(1)
  stage.pool.release(writer, 'reuse')
  const wait = watch(stage.pool.acquire(write))
  await stage.clock.advance(1_000)
  expect(wait).toEqual({})
  stage.host('b').hasRole('primary')
  await stage.clock.advance(500)
  expect(wait.value && stage.hostOf(wait.value)).toBe('b')
  stage.pool.release(wait.value!, 'reuse')
  await stage.pool.close()
})

test('the roles of all hosts are asked anew from time to time', async () => {
  const stage = createStage({ roleRecheckMs: 1_000, idleTimeoutMs: 0 })
  stage.pool.release(await stage.pool.acquire(write), 'reuse')
  stage.pool.release(await acquire(stage, read), 'reuse')
  const before = [stage.texts('a').length, stage.texts('b').length]
  await stage.clock.advance(3_000)
  expect(stage.texts('a').length).toBeGreaterThanOrEqual(before[0]! + 2)
  expect(stage.texts('b').length).toBeGreaterThanOrEqual(before[1]! + 2)
  expect(stage.texts('a').length).toBeLessThanOrEqual(before[0]! + 4)
  await stage.pool.close()
})

test('a server that goes down has all hosts asked at once', async () => {
  const stage = createStage({ roleRecheckMs: 60_000, idleTimeoutMs: 0 })
  const writer = await stage.pool.acquire(write)
  const reader = await acquire(stage, read)
  stage.pool.release(reader, 'reuse')
  const { length } = stage.texts('b')
  protocolOf(writer).emit('notice', { code: '57P01' })
  await stage.clock.advance(0)
  expect(stage.texts('b').length).toBe(length + 1)
  stage.pool.release(writer, 'reuse')
  await stage.pool.close()
})

test('a standby that is too far behind is not read from', async () => {
  const stage = createStage({ maxLagMs: 1_000, acquireTimeoutMs: 800 })
  stage.host('b').hasRole('standby', 5_000)
  const preferring = await acquire(stage, readAnywhere)
  expect(stage.hostOf(preferring)).toBe('a')
  const wait = watch(stage.pool.acquire(read))
  await stage.clock.advance(800)
  expect(wait.error).toMatchObject({ code: 'NO_ELIGIBLE_HOST' })
  stage.host('b').hasRole('standby', 20)
  const reader = await acquire(stage, read, 700)
  expect(stage.hostOf(reader)).toBe('b')
  for (const lease of [preferring, reader]) stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a standby that cannot tell its lag is read from, and a host that tells nothing is not trusted', async () => {
  const stage = createStage({ acquireTimeoutMs: 500 })
  stage.host('b').hasRole('standby', null)
  const reader = await acquire(stage, read)
  expect(stage.pool.stats().hosts?.[1]).not.toHaveProperty('lagMs')
  stage.pool.release(reader, 'reuse')
  await stage.pool.close()
  const silent = createStage({ acquireTimeoutMs: 500 })
  silent.host('a').server.reply('pg_is_in_recovery', [])
  silent.host('b').server.reply('pg_is_in_recovery', [])
  const wait = watch(silent.pool.acquire(write))
  await silent.clock.advance(500)
  expect(wait.error).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(rolesOf(silent)).toEqual(['unknown', 'unknown'])
  await silent.pool.close()
})

test('a URL is led to each of the hosts', async () => {
  const stage = new PoolStage({
    hosts: ['a', 'b'],
    connection: () => Promise.resolve({ host: 'elsewhere', user: 'app', database: 'shop' }),
  })
  stage.host('a').hasRole('primary')
  const lease = await stage.pool.acquire(write)
  expect(stage.configs).toMatchObject([{ host: 'a', port: 5432, user: 'app', database: 'shop' }])
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('hosts that all refuse the password fail callers, and one that does not keeps them waiting', async () => {
  const stage = createStage()
  const wrong = errorWithCode('28P01')
  stage.host('a').refusal = wrong
  stage.host('b').refusal = wrong
  const writer = watch(stage.pool.acquire(write))
  await stage.clock.advance(20)
  expect(writer.error).toMatchObject({ code: 'CONNECT_FAILED', isRetryable: false })
  await stage.pool.close()

  const hopeful = createStage()
  hopeful.host('a').refusal = wrong
  const patient = watch(hopeful.pool.acquire(write))
  await hopeful.clock.advance(500)
  expect(patient).toEqual({})
  hopeful.host('a').refusal = undefined
  await hopeful.clock.advance(1_000)
  expect(patient.value && hopeful.hostOf(patient.value)).toBe('a')
  hopeful.pool.release(patient.value!, 'reuse')
  await hopeful.pool.close()
})

test('an old primary that nobody believes is not stormed by callers who want a standby', async () => {
  const stage = createStage({ max: 3, acquireTimeoutMs: 1_000 })
  const writer = await stage.pool.acquire(write)
  const reader = await acquire(stage, read)
  stage.host('b').hasRole('primary')
  protocolOf(reader).emit('parameterStatus', { parameterName: 'in_hot_standby', parameterValue: 'off' })
  stage.pool.release(writer, 'reuse')
  stage.pool.release(reader, 'reuse')
  await settle()
  const { length } = stage.host('a').attempts
  const wait = watch(stage.pool.acquire(read))
  await stage.clock.advance(1_000)
  expect(wait.error).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(stage.host('a').attempts.length - length).toBeLessThanOrEqual(6)
  await stage.pool.close()
})
