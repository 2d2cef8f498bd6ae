import type { HostTarget } from '../../../../src/pool/pool-strategy'
import { classifyFailure } from '../../../../src/pool/resilient/failure-table'
import {
  defaultHostTableSettings,
  HostTable,
  type Host,
  type HostRole,
  type HostTableSettings,
} from '../../../../src/pool/resilient/host-table'

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const wrongPassword = Object.assign(new Error('password authentication failed'), {
  code: '28P01',
  severity: 'FATAL',
})
const readOnly = Object.assign(new Error('read-only'), { code: '25006', severity: 'ERROR' })
const nowMs = 100_000
const half = (): number => 0.5

function createTable(names: readonly string[], settings: Partial<HostTableSettings> = {}): HostTable {
  const addresses = names.map((host) => ({ host, port: 5432 }))
  return new HostTable(addresses, settings, half)
}

/** The hosts of a table by name; a name that is not there is a mistake of the test. */
function hostOf(table: HostTable, name: string): Host {
  const host = table.hosts.find((candidate) => candidate.host === name)
  if (host === undefined) throw new Error(`no host ${name}`)
  return host
}

function fail(table: HostTable, name: string, atMs: number, error: Error = refused, attempt?: number): void {
  table.recordFailure(hostOf(table, name), error, classifyFailure(error, { phase: 'connect' }), atMs, attempt)
}

/** Fails for long enough to open the breaker, the last time at `atMs`. */
function bringDown(table: HostTable, name: string, atMs: number): void {
  for (const beforeMs of [2_400, 1_800, 1_200, 600, 0]) fail(table, name, atMs - beforeMs)
}

function namesFor(table: HostTable, target: HostTarget, atMs: number): readonly string[] {
  return table.candidates(target, atMs).now.map(({ host }) => host)
}

/**
 * What a host is like at `nowMs`, one word each: its role (or `new`, never met), then `lag` (too far behind), `pause` (failed just
 * now), `due` (failed, and the pause is over), `long` (failed long ago), `down` (breaker open), `probe` (down, and a probe is due),
 * `fresh` (its role was told just now; otherwise a while ago).
 */
type HostState = string

function tableOf(states: Readonly<Record<string, HostState>>): HostTable {
  const table = createTable(Object.keys(states), { maxLagMs: 1_000 })
  for (const [name, state] of Object.entries(states)) {
    const host = hostOf(table, name)
    const [role, ...conditions] = state.split(' ')
    const toldAtMs = conditions.includes('fresh') ? nowMs - 10 : nowMs - 60_000
    if (role !== 'new') table.recordRole(host, role as HostRole, toldAtMs)
    if (conditions.includes('lag')) table.recordLag(host, 5_000, toldAtMs)
    if (conditions.includes('pause')) fail(table, name, nowMs - 1)
    if (conditions.includes('due')) fail(table, name, nowMs - 50)
    if (conditions.includes('long')) fail(table, name, nowMs - 6_000)
    if (conditions.includes('down')) bringDown(table, name, nowMs - 1)
    if (conditions.includes('probe')) bringDown(table, name, nowMs - 300)
  }
  return table
}

interface Row {
  readonly target: HostTarget
  readonly hosts: Readonly<Record<string, HostState>>
  /** Names in order; empty when there is nothing to try now. */
  readonly order: string
  /** Hosts whose connections may be lent. */
  readonly eligible: string
  readonly refusal?: 'circuit-open' | 'no-eligible-host'
}

const rows: readonly Row[] = [
  // Nothing known yet
  { target: 'any', hosts: { a: 'new', b: 'new' }, order: 'a b', eligible: 'a b' },
  { target: 'primary', hosts: { a: 'new', b: 'new' }, order: 'a b', eligible: '' },
  { target: 'standby', hosts: { a: 'new', b: 'new' }, order: 'a b', eligible: '' },
  { target: 'prefer-standby', hosts: { a: 'new', b: 'new' }, order: 'a b', eligible: '' },
  // All well
  { target: 'any', hosts: { a: 'primary', b: 'standby' }, order: 'a b', eligible: 'a b' },
  { target: 'primary', hosts: { a: 'primary', b: 'standby' }, order: 'a', eligible: 'a' },
  { target: 'primary', hosts: { a: 'standby', b: 'primary' }, order: 'b', eligible: 'b' },
  { target: 'standby', hosts: { a: 'primary', b: 'standby' }, order: 'b', eligible: 'b' },
  { target: 'standby', hosts: { a: 'primary', b: 'standby', c: 'standby' }, order: 'b c', eligible: 'b c' },
  { target: 'prefer-standby', hosts: { a: 'primary', b: 'standby' }, order: 'b a', eligible: 'b' },
  // Known and unknown ones
  { target: 'primary', hosts: { a: 'new', b: 'primary' }, order: 'b a', eligible: 'b' },
  { target: 'standby', hosts: { a: 'new', b: 'standby' }, order: 'b a', eligible: 'b' },
  { target: 'primary', hosts: { a: 'new', b: 'standby' }, order: 'a b', eligible: '' },
  { target: 'primary', hosts: { a: 'new', b: 'standby fresh' }, order: 'a', eligible: '' },
  { target: 'prefer-standby', hosts: { a: 'primary', b: 'new' }, order: 'a b', eligible: 'a' },
  // None of the role that was asked for
  {
    target: 'primary',
    hosts: { a: 'standby', b: 'standby' },
    order: 'a b',
    eligible: '',
    refusal: 'no-eligible-host',
  },
  {
    target: 'primary',
    hosts: { a: 'standby fresh', b: 'standby fresh' },
    order: '',
    eligible: '',
    refusal: 'no-eligible-host',
  },
  { target: 'standby', hosts: { a: 'primary' }, order: 'a', eligible: '', refusal: 'no-eligible-host' },
  { target: 'standby', hosts: { a: 'primary fresh' }, order: '', eligible: '', refusal: 'no-eligible-host' },
  { target: 'prefer-standby', hosts: { a: 'primary' }, order: 'a', eligible: 'a' },
  { target: 'prefer-standby', hosts: { a: 'primary', b: 'primary' }, order: 'b a', eligible: 'b' },
  // The first one is down
  { target: 'any', hosts: { a: 'new pause', b: 'new' }, order: 'b', eligible: 'a b' },
  { target: 'any', hosts: { a: 'new due', b: 'new' }, order: 'b', eligible: 'a b' },
  { target: 'primary', hosts: { a: 'new down', b: 'new' }, order: 'b', eligible: '' },
  { target: 'primary', hosts: { a: 'primary pause', b: 'standby' }, order: 'b', eligible: 'a' },
  { target: 'primary', hosts: { a: 'primary due', b: 'standby' }, order: 'a b', eligible: 'a' },
  { target: 'primary', hosts: { a: 'primary due', b: 'new' }, order: 'b a', eligible: 'a' },
  {
    target: 'primary',
    hosts: { a: 'primary down', b: 'standby' },
    order: 'b',
    eligible: 'a',
    refusal: 'circuit-open',
  },
  {
    target: 'primary',
    hosts: { a: 'primary probe', b: 'standby' },
    order: 'a b',
    eligible: 'a',
    refusal: 'circuit-open',
  },
  { target: 'standby', hosts: { a: 'standby down', b: 'standby' }, order: 'b', eligible: 'a b' },
  { target: 'standby', hosts: { a: 'standby due', b: 'standby' }, order: 'b', eligible: 'a b' },
  { target: 'standby', hosts: { a: 'standby long', b: 'standby' }, order: 'a b', eligible: 'a b' },
  { target: 'prefer-standby', hosts: { a: 'primary', b: 'standby pause' }, order: 'a', eligible: 'a b' },
  { target: 'prefer-standby', hosts: { a: 'primary', b: 'standby down' }, order: 'a', eligible: 'a b' },
  { target: 'prefer-standby', hosts: { a: 'primary down', b: 'standby' }, order: 'b', eligible: 'b' },
  { target: 'standby', hosts: { a: 'primary due', b: 'standby due' }, order: 'b a', eligible: 'b' },
  // All down
  {
    target: 'any',
    hosts: { a: 'new down', b: 'new down' },
    order: '',
    eligible: 'a b',
    refusal: 'circuit-open',
  },
  {
    target: 'any',
    hosts: { a: 'new probe', b: 'new down' },
    order: 'a',
    eligible: 'a b',
    refusal: 'circuit-open',
  },
  { target: 'any', hosts: { a: 'new pause', b: 'new pause' }, order: '', eligible: 'a b' },
  // Too far behind
  { target: 'standby', hosts: { a: 'standby lag', b: 'standby' }, order: 'b', eligible: 'b' },
  { target: 'standby', hosts: { a: 'standby lag' }, order: 'a', eligible: '', refusal: 'no-eligible-host' },
  {
    target: 'standby',
    hosts: { a: 'standby lag fresh' },
    order: '',
    eligible: '',
    refusal: 'no-eligible-host',
  },
  { target: 'prefer-standby', hosts: { a: 'primary', b: 'standby lag' }, order: 'a', eligible: 'a' },
  { target: 'any', hosts: { a: 'standby lag' }, order: 'a', eligible: 'a' },
  // One host
  { target: 'primary', hosts: { a: 'new' }, order: 'a', eligible: 'a' },
  { target: 'standby', hosts: { a: 'new' }, order: 'a', eligible: 'a' },
  { target: 'primary', hosts: { a: 'new pause' }, order: '', eligible: 'a' },
  { target: 'primary', hosts: { a: 'new down' }, order: '', eligible: 'a', refusal: 'circuit-open' },
]

test.each(rows)('$target of $hosts: tries "$order", lends "$eligible", refusal $refusal', (row) => {
  const table = tableOf(row.hosts)
  expect(namesFor(table, row.target, nowMs).join(' ')).toBe(row.order)
  const eligible = table.hosts.filter((host) => table.isEligible(host, row.target, nowMs))
  expect(eligible.map(({ host }) => host).join(' ')).toBe(row.eligible)
  expect(table.refusal(row.target, nowMs)?.kind).toBe(row.refusal)
})

test('looking changes nothing: asking twice gives the same answer', () => {
  const table = tableOf({ a: 'standby', b: 'standby' })
  expect(namesFor(table, 'standby', nowMs)).toEqual(namesFor(table, 'standby', nowMs))
})

test('equals have their turns', () => {
  const table = tableOf({ a: 'standby', b: 'standby', c: 'standby' })
  const firsts = Array.from({ length: 6 }, () => {
    const [host] = table.candidates('standby', nowMs).now
    if (host !== undefined) table.beginAttempt(host, nowMs)
    return host?.host
  })
  expect(firsts).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})

describe('when to try again', () => {
  test('after the pause of the host that comes first', () => {
    const table = createTable(['a', 'b'])
    fail(table, 'a', 0)
    fail(table, 'b', 5)
    // The pause is 18.75 ms by the middle of chance.
    expect(table.candidates('any', 6)).toEqual({ now: [], retryAtMs: 18.75 })
  })

  test('pauses grow with each failure, and twenty at once count as one', () => {
    const table = createTable(['a'])
    for (let count = 0; count < 20; count++) fail(table, 'a', 0)
    expect(table.candidates('any', 1).retryAtMs).toBe(18.75)
    fail(table, 'a', 20)
    expect(table.candidates('any', 21).retryAtMs).toBe(57.5)
    expect(table.stats()).toMatchObject([{ consecutiveFailures: 21 }])
  })

  test('never by itself when there is nothing to wait for', () => {
    expect(createTable(['a']).candidates('any', 0).retryAtMs).toBe(Infinity)
  })

  test('when a host of the wrong role may be asked again', () => {
    const table = createTable(['a'])
    table.recordRole(hostOf(table, 'a'), 'standby', 1_000)
    expect(table.candidates('primary', 1_001)).toEqual({ now: [], retryAtMs: 1_200 })
  })
})

describe('failover', () => {
  test('the roles swap: connections of both are of an old generation, and writes go to the new primary', () => {
    const table = tableOf({ a: 'primary', b: 'standby' })
    const [a, b] = [hostOf(table, 'a'), hostOf(table, 'b')]
    expect(table.recordRole(b, 'primary', nowMs)).toEqual({ isChanged: true, superseded: a })
    expect([a.generation, b.generation]).toEqual([1, 1])
    expect(a.role).toBe('unknown')
    expect(table.recordRole(a, 'standby', nowMs + 500)).toEqual({ isChanged: false })
    expect(namesFor(table, 'primary', nowMs + 500)).toEqual(['b'])
    expect(namesFor(table, 'standby', nowMs + 500)).toEqual(['a'])
  })

  test('while the primary is down its standby is asked every 200 ms whether it was promoted', () => {
    const table = tableOf({ a: 'primary', b: 'standby fresh' })
    fail(table, 'a', nowMs)
    expect(table.candidates('primary', nowMs + 1).now).toEqual([])
    expect(namesFor(table, 'primary', nowMs + 190)).toContain('b')
    const b = hostOf(table, 'b')
    table.recordConnected(b, 'standby', nowMs + 190, table.beginAttempt(b, nowMs + 190))
    expect(namesFor(table, 'primary', nowMs + 200)).not.toContain('b')
    expect(namesFor(table, 'primary', nowMs + 390)).toContain('b')
  })

  test('a write that was refused as read-only has the host asked again, and is no failure of it', () => {
    const table = tableOf({ a: 'primary', b: 'standby fresh' })
    const b = hostOf(table, 'b')
    table.recordFailure(b, readOnly, classifyFailure(readOnly, { phase: 'statement' }), nowMs)
    fail(table, 'a', nowMs)
    expect(namesFor(table, 'primary', nowMs)).toEqual(['b'])
    expect(table.stats()[1]).toMatchObject({ consecutiveFailures: 0 })
  })

  test('a role learnt for the first time, or told again, is no change', () => {
    const table = createTable(['a', 'b'])
    const a = hostOf(table, 'a')
    expect(table.recordConnected(a, 'primary', 0)).toEqual({ isChanged: false })
    expect(table.recordConnected(a, 'primary', 1)).toEqual({ isChanged: false })
    expect(table.recordConnected(a, 'unknown', 2)).toEqual({ isChanged: false })
    expect([a.role, a.generation]).toEqual(['primary', 0])
  })

  test('a host that was invalidated is asked anew, and its connections are of an old generation', () => {
    const table = tableOf({ a: 'primary fresh', b: 'standby fresh' })
    const a = hostOf(table, 'a')
    table.invalidate(a, nowMs)
    expect([a.role, a.generation]).toEqual(['unknown', 1])
    expect(namesFor(table, 'primary', nowMs)).toEqual(['a'])
    expect(table.isEligible(a, 'primary', nowMs)).toBe(false)
  })
})

describe('two hosts that both say they are the primary', () => {
  /** `b` was promoted while `a` was believed to be the primary. */
  function promoted(): { table: HostTable; a: Host; b: Host } {
    const table = tableOf({ a: 'primary', b: 'standby' })
    const [a, b] = [hostOf(table, 'a'), hostOf(table, 'b')]
    table.recordRole(b, 'primary', nowMs)
    return { table, a, b }
  }

  test('the old one, back and not fenced, is not believed, however often it says so', () => {
    const { table, a, b } = promoted()
    for (let atMs = nowMs; atMs < nowMs + 60_000; atMs += 1_000) {
      expect(table.recordConnected(a, 'primary', atMs)).toEqual({ isChanged: false })
    }
    expect([a.role, b.role]).toEqual(['unknown', 'primary'])
    expect(table.isEligible(a, 'primary', nowMs)).toBe(false)
    expect(namesFor(table, 'primary', nowMs + 60_000)).toEqual(['b'])
  })

  test('a host met for the first time is believed: it was not needed before', () => {
    const table = tableOf({ a: 'primary', b: 'new' })
    const [a, b] = [hostOf(table, 'a'), hostOf(table, 'b')]
    expect(table.recordConnected(b, 'primary', nowMs)).toEqual({ isChanged: false, superseded: a })
    expect([a.role, a.generation, b.role]).toEqual(['unknown', 1, 'primary'])
  })

  test('the old one is believed again once it has been a standby and was promoted', () => {
    const { table, a, b } = promoted()
    table.recordRole(a, 'standby', nowMs + 1)
    expect(table.recordRole(a, 'primary', nowMs + 2)).toEqual({ isChanged: true, superseded: b })
  })

  test('the old one is believed again when the newer one is no primary any more', () => {
    const { table, a, b } = promoted()
    table.recordRole(b, 'standby', nowMs + 1)
    expect(namesFor(table, 'primary', nowMs + 300)).toEqual(['a', 'b'])
    table.recordRole(a, 'primary', nowMs + 300)
    expect(a.role).toBe('primary')
  })

  test('the old one is believed again when the newer one was invalidated', () => {
    const { table, a, b } = promoted()
    table.invalidate(b, nowMs + 1)
    table.recordRole(a, 'primary', nowMs + 2)
    expect([a.role, b.role]).toEqual(['primary', 'unknown'])
  })

  test('the old one is believed again only when the newer one has been down for 30 s', () => {
    const { table, a, b } = promoted()
    fail(table, 'b', nowMs + 1)
    table.recordConnected(a, 'primary', nowMs + 30_000)
    expect(a.role).toBe('unknown')
    expect(table.recordConnected(a, 'primary', nowMs + 30_001)).toEqual({
      isChanged: false,
      superseded: b,
    })
  })
})

describe('breaker', () => {
  test('one probe at a time; its success brings the host back', () => {
    const table = tableOf({ a: 'new probe' })
    const a = hostOf(table, 'a')
    expect(table.candidates('any', nowMs).now).toEqual([a])
    const attempt = table.beginAttempt(a, nowMs)
    expect(table.candidates('any', nowMs)).toEqual({ now: [], retryAtMs: Infinity })
    expect(table.refusal('any', nowMs)).toMatchObject({ kind: 'circuit-open', retryAtMs: nowMs })
    table.recordConnected(a, 'unknown', nowMs + 5, attempt)
    expect(table.refusal('any', nowMs + 5)).toBeUndefined()
    expect(table.stats()).toMatchObject([{ breaker: 'closed', consecutiveFailures: 0 }])
  })

  test('a probe that fails makes the next one wait', () => {
    const table = tableOf({ a: 'new probe' })
    const a = hostOf(table, 'a')
    fail(table, 'a', nowMs + 5, refused, table.beginAttempt(a, nowMs))
    expect(table.candidates('any', nowMs + 6)).toEqual({ now: [], retryAtMs: nowMs + 205 })
    expect(table.refusal('any', nowMs + 6)).toEqual({
      kind: 'circuit-open',
      retryAtMs: nowMs + 205,
      lastError: refused,
    })
  })

  test('a probe that was given up may be followed at once', () => {
    const table = tableOf({ a: 'new probe' })
    const a = hostOf(table, 'a')
    table.abandonAttempt(a, nowMs + 5, table.beginAttempt(a, nowMs))
    expect(table.candidates('any', nowMs + 5).now).toEqual([a])
  })

  test('a host that answers the probe with a refusal is not down: its own words are passed on', () => {
    const table = tableOf({ a: 'new probe' })
    fail(table, 'a', nowMs, wrongPassword, table.beginAttempt(hostOf(table, 'a'), nowMs))
    expect(table.refusal('any', nowMs)).toBeUndefined()
    expect(table.stats()).toMatchObject([
      { breaker: 'closed', lastErrorMessage: 'password authentication failed' },
    ])
  })

  test('an attempt that began before the host came back cannot take it down again', () => {
    const table = tableOf({ a: 'new probe' })
    const a = hostOf(table, 'a')
    table.recordConnected(a, 'unknown', nowMs + 1, table.beginAttempt(a, nowMs))
    fail(table, 'a', nowMs + 2, refused, 0)
    expect(table.stats()).toMatchObject([{ breaker: 'closed', consecutiveFailures: 0 }])
  })

  test('a connection whose attempt began before the outage does not end it', () => {
    const table = createTable(['a'])
    const a = hostOf(table, 'a')
    const attempt = table.beginAttempt(a, 0)
    bringDown(table, 'a', 2_500)
    table.recordConnected(a, 'unknown', 2_501, attempt)
    expect(table.stats()).toMatchObject([{ breaker: 'open' }])
  })

  test('what comes without a number is about this moment', () => {
    const table = tableOf({ a: 'new probe', b: 'new probe' })
    fail(table, 'a', nowMs)
    expect(table.candidates('any', nowMs).retryAtMs).toBe(nowMs + 200)
    table.recordConnected(hostOf(table, 'b'), 'unknown', nowMs)
    expect(table.stats()).toMatchObject([{ breaker: 'open' }, { breaker: 'closed' }])
  })

  test('of several that are down, the first probe and the last error are told', () => {
    const table = createTable(['a', 'b'])
    bringDown(table, 'a', 3_000)
    bringDown(table, 'b', 3_100)
    fail(table, 'a', 3_150)
    expect(table.refusal('any', 3_160)).toMatchObject({ kind: 'circuit-open', retryAtMs: 3_200 })
  })
})

describe('a host that has recovered', () => {
  function recovered(chance: number): HostTable {
    const addresses = ['a', 'b'].map((host) => ({ host, port: 5432 }))
    const table = new HostTable(addresses, {}, () => chance)
    for (const host of table.hosts) table.recordRole(host, 'standby', 0)
    fail(table, 'a', 0)
    table.recordConnected(hostOf(table, 'a'), 'standby', 1_000)
    // It is the turn of `a` again.
    table.beginAttempt(hostOf(table, 'b'), 1_000)
    return table
  }

  test.each([
    // At once a tenth of its turns, half way half of them, then all.
    [0.05, 1_000, 'a b'],
    [0.15, 1_000, 'b a'],
    [0.45, 6_000, 'a b'],
    [0.55, 6_000, 'b a'],
    [0.99, 11_000, 'a b'],
  ])('with chance %d at %d ms the order is %s', (chance, atMs, order) => {
    expect(namesFor(recovered(chance), 'standby', atMs).join(' ')).toBe(order)
  })

  test('is still used when it is the only one', () => {
    const table = createTable(['a'])
    fail(table, 'a', 0)
    table.recordConnected(hostOf(table, 'a'), 'unknown', 100)
    expect(namesFor(table, 'any', 101)).toEqual(['a'])
  })
})

describe('what is told to the outside', () => {
  test('the state of each host', () => {
    const table = tableOf({ a: 'primary', b: 'standby lag down' })
    expect(table.stats()).toEqual([
      { host: 'a', port: 5432, role: 'primary', breaker: 'closed', consecutiveFailures: 0, generation: 0 },
      {
        host: 'b',
        port: 5432,
        role: 'standby',
        breaker: 'open',
        consecutiveFailures: 5,
        generation: 0,
        lagMs: 5_000,
        lastErrorMessage: 'connect ECONNREFUSED',
      },
    ])
  })

  test('what was found of each host when none will do', () => {
    const table = tableOf({ a: 'standby', b: 'standby due' })
    expect(table.refusal('primary', nowMs)).toEqual({
      kind: 'no-eligible-host',
      hosts: [
        { host: 'a', port: 5432, role: 'standby' },
        { host: 'b', port: 5432, role: 'standby', lastError: 'connect ECONNREFUSED' },
      ],
    })
  })

  test.each([
    [new Error('no vault at postgresql://app:hunter2@db/shop'), 'no vault at postgresql://app:***@db/shop'],
    [new Error('bad dsn: host=db password=hunter2 port=1'), 'bad dsn: host=db password=*** port=1'],
    [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new Error(''), 'unknown error'],
  ])('an error message without secrets (%#)', (error, message) => {
    const table = createTable(['a'])
    fail(table, 'a', 0, error)
    expect(table.stats()[0]?.lastErrorMessage).toBe(message)
  })

  test('something thrown that is no error is called unknown', () => {
    const table = createTable(['a'])
    const verdict = classifyFailure('boom', { phase: 'connect' })
    table.recordFailure(hostOf(table, 'a'), 'boom', verdict, 0)
    expect(table.stats()[0]?.lastErrorMessage).toBe('unknown error')
  })

  test('a single host is known as such', () => {
    expect(createTable(['a'])).toMatchObject({ hasSingleHost: true, size: 1 })
    expect(createTable(['a', 'b'])).toMatchObject({ hasSingleHost: false, size: 2 })
  })
})

test('a host of another table is refused', () => {
  const [stranger] = createTable(['a']).hosts
  expect(() => createTable(['a']).recordRole(stranger as Host, 'primary', 0)).toThrow('another table')
})

test('by default a standby that is behind serves reads all the same', () => {
  expect(defaultHostTableSettings.maxLagMs).toBe(Infinity)
})
