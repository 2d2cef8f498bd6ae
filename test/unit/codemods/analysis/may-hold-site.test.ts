import { mayHoldSite } from '../../../../codemods/src/analysis/receivers/may-hold-site'

const words = ['connect', 'getconn']

test.each([
  'await pool.connect()',
  'pool\n  .connect()',
  'pool?.connect?.()',
  "pool['connect']()",
  'pool[`connect`]()',
  '(pool.connect)()',
  'pool.connect!()',
  '(pool.connect as any)()',
  'pool.connect<Client>()',
  'pool./* now */connect()',
  'pool.connect /* now */ ()',
  'pool. // now\n  connect()',
  'pool.connect.call(pool)',
  'await getconn()',
  '(0, db.getconn)()',
])('a call is never overlooked: %s', (text) => {
  expect(mayHoldSite(`const x = 1\n${text}\n`, words)).toBe(true)
})

test.each([
  'pool.connected()',
  'reconnect()',
  'this.connect',
  'import { connect } from "net"',
  "const word = 'connect'",
  'function connect() {}',
  'export async function* connect () {}',
  '// how to connect: see below',
  'state.connect = true',
  '{ connect: 1 }',
  '$connect()',
])('a mention that is no call need not be parsed: %s', (text) => {
  expect(mayHoldSite(`const x = 1\n${text}\n`, words)).toBe(false)
})
