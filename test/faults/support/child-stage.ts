import { transformFileSync } from '@swc/core'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const root = resolve(__dirname, '../../..')

export interface ChildRun {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

/** The sources, compiled to where a process of its own can run them. */
export interface ChildStage {
  /** Runs the body of an async function that has `pool`, `createFaultProxy`, `connection` and `until`. */
  run(body: string, connection: object): Promise<ChildRun>
  remove(): void
}

const prelude = `
const { createFaultProxy } = require('./src/testing/fault-proxy.js')
const { ResilientPoolStrategy } = require('./src/pool/resilient/resilient-pool.js')
const { createConnectionService } = require('./src/service/create-connection-service.js')
const connection = JSON.parse(process.env.CONNECTION)
const until = async (check) => { while (!(await check())) await new Promise((done) => setTimeout(done, 5)) }
const createPool = (config, pool) => new ResilientPoolStrategy({ connection: { ...connection, ...config }, pool })
`

/** Longer than a process that exits by itself needs, and far shorter than any timer that it could have left. */
const patienceMs = 15_000

export function createChildStage(): ChildStage {
  const directory = mkdtempSync(join(tmpdir(), 'pgferry-child-'))
  compile(join(root, 'src'), join(directory, 'src'))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  return {
    run(body, connection) {
      const script = `${prelude}\n;(async () => {\n${body}\nprocess.stdout.write('done ' + Date.now())\n})()`
      const child = spawn(process.execPath, ['-e', script], {
        cwd: directory,
        env: { PATH: process.env['PATH'], CONNECTION: JSON.stringify(connection) },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: patienceMs,
      })
      let output = ''
      let errors = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
      return new Promise((done) => {
        child.once('close', (code, signal) => {
          done({ code, signal, output, errors })
        })
      })
    },
    remove() {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function compile(source: string, target: string): void {
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name)
    if (entry.isDirectory()) compile(from, join(target, entry.name))
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
    const { code } = transformFileSync(from, {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    })
    const file = join(target, entry.name.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, code)
  }
}
