import { createMockDriver } from '../../../../src/pool/mock-pool'
import { MockServer } from '../../../../src/pool/mock-server'
import { resolvePoolOptions } from '../../../../src/pool/pool-options'
import { HostTable } from '../../../../src/pool/resilient/host-table'
import { Opener, type OpenFailure } from '../../../../src/pool/resilient/opener'
import type { Slot } from '../../../../src/pool/resilient/slot'
import { FakeClock, settle } from '../../../support/fake-clock'
import { errorWithCode, refused } from './pool-stage'

function createOpener(names: readonly string[] = ['main']) {
  const clock = new FakeClock()
  const server = new MockServer(clock)
  const random = () => 0.5
  const hosts = new HostTable(
    names.map((host) => ({ host, port: 5432 })),
    {},
    random,
  )
  const opened: Slot[] = []
  const failed: OpenFailure[] = []
  const context = {
    name: 'main',
    clock,
    driver: createMockDriver(server),
    onEvent: undefined,
    options: resolvePoolOptions({ maxConnecting: 6 }),
  }
  const opener = new Opener(context, {
    source: {},
    hosts,
    areHostsGiven: names.length > 1,
    random,
    onOpened: (slot) => opened.push(slot),
    onRoleChanged: () => undefined,
    onFailed: (failure) => failed.push(failure),
  })
  return { clock, server, opener, hosts: hosts.hosts, opened, failed }
}

test('as many as may be connecting go at once until one has failed; then one, and twice as many after each success', async () => {
  const { opener, hosts, server, failed, opened } = createOpener()
  const host = hosts[0]!
  expect(opener.freeFor(host)).toBe(6)
  server.failConnect(refused)
  opener.open(host, 'any')
  expect([opener.count, opener.freeFor(host)]).toEqual([1, 5])
  await settle()
  expect(failed).toMatchObject([{ error: { code: 'CONNECT_FAILED' }, verdict: { countsForBreaker: true } }])
  const free = [opener.freeFor(host)]
  for (let turn = 0; turn < 4; turn++) {
    opener.open(host, 'any')
    await settle()
    free.push(opener.freeFor(host))
  }
  expect(free).toEqual([1, 2, 4, 6, 6])
  expect(opened.map(({ id }) => id)).toEqual([1, 2, 3, 4])
  await opener.close()
})

test('of several hosts, one whose role is not known is asked by one connection', async () => {
  const { opener, hosts, server } = createOpener(['a', 'b'])
  server.connectDelayMs = 10
  expect(hosts.map((host) => opener.freeFor(host))).toEqual([1, 1])
  opener.open(hosts[0]!, 'primary')
  expect(hosts.map((host) => opener.freeFor(host))).toEqual([0, 1])
  expect([...opener.countsByTarget()]).toEqual([['primary', 1]])
})

test('the last failure of each host is remembered until it has answered', async () => {
  const { opener, hosts, server } = createOpener(['a', 'b'])
  const [a, b] = [hosts[0]!, hosts[1]!]
  server
    .failConnect(errorWithCode('ECONNREFUSED', 'first'))
    .failConnect(errorWithCode('ECONNREFUSED', 'second'))
  expect(opener.hasFailed).toBe(false)
  opener.open(a, 'any')
  await settle()
  opener.open(b, 'any')
  await settle()
  expect(opener.hasFailed).toBe(true)
  expect(opener.lastErrorOf(hosts)).toMatchObject({ cause: { message: 'second' } })
  expect(opener.lastErrorOf([a])).toMatchObject({ cause: { message: 'first' } })
  server.reply('pg_is_in_recovery', [{ is_in_recovery: false, lag_ms: 0 }])
  opener.open(b, 'any')
  await settle()
  expect(opener.lastErrorOf(hosts)).toMatchObject({ cause: { message: 'first' } })
  expect(opener.lastErrorOf([b])).toBeUndefined()
})

test('what arrives after its epoch has ended is marked as not to be lent', async () => {
  const { opener, hosts, server, clock, opened } = createOpener()
  server.connectDelayMs = 10
  opener.open(hosts[0]!, 'any')
  const arrived = opener.startEpoch()
  await clock.advance(10)
  await arrived
  expect(opened).toMatchObject([{ retireReason: 'drained' }])
  opener.open(hosts[0]!, 'any')
  const closed = opener.close()
  await clock.advance(10)
  await closed
  expect(opened[1]).toMatchObject({ retireReason: 'closed' })
  expect(opener.connectMs.value).toBe(10)
})
