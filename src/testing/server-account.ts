import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error'

/** The system account that owns a server's files and process, as `spawn` takes it. */
export interface ServerAccount {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root: these stand in, the first that exists. */
const STAND_INS = ['postgres', 'nobody'] as const

/**
 * Who runs the server: undefined (the caller, as is) for everyone but root.
 *
 * @throws {EmbeddedPostgresError} `POSTGRES_UNUSABLE` for root on a machine without any of the stand-in accounts.
 */
export function chooseServerAccount(
  callerUid = process.getuid?.(),
  readAccounts = () => readFileSync('/etc/passwd', 'utf8'),
): ServerAccount | undefined {
  if (callerUid !== 0) return undefined
  const accounts = parseAccounts(readAccounts())
  for (const name of STAND_INS) {
    const account = accounts.get(name)
    if (account !== undefined) return account
  }
  throw new EmbeddedPostgresError(
    'POSTGRES_UNUSABLE',
    `PostgreSQL does not run as root and this machine has none of the accounts ${STAND_INS.join(', ')}: ` +
      'run the tests as another user, or create one of these accounts',
  )
}

/** Reads the lines `name:password:uid:gid:…`; malformed ones do not count. */
function parseAccounts(passwd: string): ReadonlyMap<string, ServerAccount> {
  const accounts = new Map<string, ServerAccount>()
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name === undefined || uid === undefined || gid === undefined) continue
    if (/^\d+$/.test(uid) && /^\d+$/.test(gid)) accounts.set(name, { uid: Number(uid), gid: Number(gid) })
  }
  return accounts
}

/** Whether `account` may pass through `directory` and everything above it (mode bits; access lists are not looked at). */
export function canTraverse(directory: string, account: ServerAccount | undefined): boolean {
  if (account === undefined) return true
  for (let path = directory; ; path = dirname(path)) {
    const { mode, uid, gid } = statSync(path)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (path === dirname(path)) return true
  }
}
