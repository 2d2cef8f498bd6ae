import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'

/** The few file operations that a run needs; a port so that tests can make each of them fail. */
export interface FileOperations {
  exists(path: string): boolean
  read(path: string): Buffer
  stat(path: string): FileIdentity
  list(folder: string): readonly string[]
  makeFolder(folder: string): void
  /** Creates `path` with these bytes, on disk when it returns; fails when the path exists. */
  create(path: string, bytes: Buffer, identity?: FileIdentity): void
  rename(from: string, to: string): void
  /** Makes a rename in `folder` durable. */
  syncFolder(folder: string): void
  remove(path: string): void
  /** Runs `work` with Ctrl-C and the other requests to end held off: it takes milliseconds and must not stop half way. */
  uninterrupted<T>(work: () => T): T
}

/** Permission bits and owner, kept when a file is replaced. */
interface FileIdentity {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** The operations of this machine. */
export const nodeFileOperations: FileOperations = {
  exists: existsSync,
  read: (path) => readFileSync(path),
  stat(path) {
    const { mode, uid, gid } = statSync(path)
    return { mode: mode & 0o7777, uid, gid }
  },
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  makeFolder: (folder) => void mkdirSync(folder, { recursive: true }),
  create(path, bytes, identity) {
    const descriptor = openSync(path, 'wx', 0o600)
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written)
      if (identity !== undefined) keepOwner(descriptor, identity)
      fchmodSync(descriptor, identity?.mode ?? 0o644)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  },
  rename: renameSync,
  syncFolder,
  remove: (path) => {
    rmSync(path, { force: true })
  },
  uninterrupted,
}

/** Content identity of a file, as the journal records it. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function keepOwner(descriptor: number, identity: FileIdentity): void {
  try {
    fchownSync(descriptor, identity.uid, identity.gid)
  } catch {
    // only a privileged user may give files away; anybody else's files keep the owner they are written by
  }
}

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A listener takes the place of the default, which is to end at once; synchronous work is never divided by one. */
function uninterrupted<T>(work: () => T): T {
  const ignore = (): void => undefined
  for (const signal of endSignals) process.on(signal, ignore)
  try {
    return work()
  } finally {
    for (const signal of endSignals) process.off(signal, ignore)
  }
}

function syncFolder(folder: string): void {
  let descriptor: number | undefined
  try {
    descriptor = openSync(folder, 'r')
    fsyncSync(descriptor)
  } catch {
    // some systems cannot sync a folder; the rename is atomic there all the same
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
