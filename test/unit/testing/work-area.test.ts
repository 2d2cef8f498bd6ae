import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { systemClock } from '../../../src/core/clock'
import {
  createServerDirectory,
  isProcessAlive,
  openWorkArea,
  sweepStaleDirectories,
  type WorkArea,
} from '../../../src/testing/work-area'

let temporary: string
let area: WorkArea
beforeEach(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'pgferry-area-'))
  area = await openWorkArea(undefined, temporary)
})
afterEach(() => {
  rmSync(temporary, { recursive: true })
})

/** The name that the directory of a server gets whose process ended long ago. */
async function deadOwnersDirectory(): Promise<string> {
  const own = await createServerDirectory(area, undefined)
  const [, , namespace = ''] = basename(own).split('-')
  const dead = join(area.servers, `4194305-1-${namespace}-0a0b0c0d`)
  mkdirSync(join(dead, 'data'), { recursive: true })
  return dead
}

test('a work area can be entered by all and written to by its owner, under any umask', async () => {
  const umask = process.umask(0o077)
  rmSync(area.root, { recursive: true })
  area = await openWorkArea(undefined, temporary)
  process.umask(umask)
  for (const path of Object.values(area)) expect(statSync(path).mode & 0o777).toBe(0o755)
  expect(await openWorkArea(undefined, temporary)).toEqual(area)
})

test('a work area is refused when a file is in its place', async () => {
  rmSync(area.root, { recursive: true })
  writeFileSync(area.root, '')
  await expect(openWorkArea(undefined, temporary)).rejects.toThrow()
})

test('a directory of a server is private, and no sweep of its living owner takes it', async () => {
  const directory = await createServerDirectory(area, undefined)
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  await sweepStaleDirectories(area, systemClock)
  expect(existsSync(directory)).toBe(true)
})

test('a sweep ends the server that a dead process left, and removes its directory', async () => {
  const dead = await deadOwnersDirectory()
  const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', join(dead, 'data')])
  const ended = once(orphan, 'exit')
  writeFileSync(join(dead, 'data', 'postmaster.pid'), `${String(orphan.pid)}\n/somewhere\n`)
  await once(orphan, 'spawn')
  await sweepStaleDirectories(area, systemClock)
  expect((await ended)[1]).toBe('SIGQUIT')
  expect(existsSync(dead)).toBe(false)
})

test.each(['', 'not a number\n', '1\n', '4194305\n', `${String(process.pid)}\n`])(
  'a sweep ends no process for a postmaster.pid of %j that is not a server of this directory',
  async (content) => {
    const dead = await deadOwnersDirectory()
    writeFileSync(join(dead, 'data', 'postmaster.pid'), content)
    await sweepStaleDirectories(area, systemClock)
    expect(existsSync(dead)).toBe(false)
  },
)

test('a sweep passes over what it cannot read or remove', async () => {
  const dead = await deadOwnersDirectory()
  // A directory where the file should be cannot be read as a file.
  mkdirSync(join(dead, 'data', 'postmaster.pid'))
  chmodSync(dead, 0o700)
  await expect(sweepStaleDirectories(area, systemClock)).resolves.toBeUndefined()
})

test('a process is alive until it is dead, collected by its parent or not', async () => {
  expect(isProcessAlive(process.pid)).toBe(true)
  expect(isProcessAlive(4_194_305)).toBe(false)
  // `exec` leaves the finished child to a program that never asks for it.
  const careless = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = (await once(careless.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  while (isProcessAlive(pid)) await new Promise((resolve) => setImmediate(resolve))
  careless.kill()
  expect(isProcessAlive(pid)).toBe(false)
})
