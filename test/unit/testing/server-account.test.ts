import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canTraverse, chooseServerAccount } from '../../../src/testing/server-account'

const PASSWD = [
  'root:x:0:0:root:/root:/bin/bash',
  'broken line',
  'nobody:x:65534:65533:nobody:/:/usr/sbin/nologin',
  'postgres:x:101:104::/var/lib/postgresql:/bin/bash',
].join('\n')

describe('the account of a server', () => {
  test('is the caller, as is, for everybody but root', () => {
    const neverAsked = (): string => {
      throw new Error('nobody needs to know')
    }
    expect(chooseServerAccount(1000, neverAsked)).toBeUndefined()
  })

  test('is postgres for root, else nobody', () => {
    expect(chooseServerAccount(0, () => PASSWD)).toEqual({ uid: 101, gid: 104 })
    const withoutPostgres = PASSWD.replace('postgres:x:101', 'postgres:x:none')
    expect(chooseServerAccount(0, () => withoutPostgres)).toEqual({ uid: 65_534, gid: 65_533 })
  })

  test('cannot be found for root on a machine with neither; the message says what to do', () => {
    expect(() => chooseServerAccount(0, () => 'root:x:0:0:root:/root:/bin/sh')).toThrow(
      expect.objectContaining({
        code: 'POSTGRES_UNUSABLE',
        message: expect.stringContaining('postgres, nobody'),
      }),
    )
  })
})

describe('whether an account can pass through a directory', () => {
  let parent: string
  let child: string
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'pgferry-account-'))
    child = join(parent, 'child')
    mkdirSync(child)
  })
  afterEach(() => {
    rmSync(parent, { recursive: true })
  })

  test.each([
    [0o755, 'stranger', true],
    [0o750, 'stranger', false],
    [0o710, 'group', true],
    [0o701, 'group', false],
    [0o700, 'owner', true],
    [0o077, 'owner', false],
  ])('mode %o above it, as %s: %s', (mode, who, expected) => {
    const { uid, gid } = statSync(parent)
    chmodSync(parent, mode)
    const account = { uid: who === 'owner' ? uid : uid + 1, gid: who === 'stranger' ? gid + 1 : gid }
    expect(canTraverse(child, account)).toBe(expected)
    chmodSync(parent, 0o755)
  })

  test('the caller itself needs no look', () => {
    expect(canTraverse('/no/such/place', undefined)).toBe(true)
  })
})
