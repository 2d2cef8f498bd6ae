import { transformSync } from '@swc/core'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const root = resolve(__dirname, '..', '..')

/** The command line of the codemods, compiled from the sources as they are, to be run in a process of its own. */
export interface BuiltCodemods {
  /** Starts it; `preload` is a script that Node loads first. */
  start(argv: readonly string[], options: { readonly cwd: string; readonly preload?: string }): ChildProcess
  remove(): void
}

interface ProcessResult {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export function buildCodemods(): BuiltCodemods {
  const folder = mkdtempSync(join(tmpdir(), 'pgferry-built-'))
  const sources = join(root, 'codemods', 'src')
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue
    const { code } = transformSync(readFileSync(join(sources, name), 'utf8'), {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    })
    const path = join(folder, 'codemods', 'dist', name.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, code)
  }
  cpSync(join(root, 'codemods', 'package.json'), join(folder, 'codemods', 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  symlinkSync(join(root, 'codemods', 'node_modules'), join(folder, 'codemods', 'node_modules'))
  const bin = join(folder, 'codemods', 'dist', 'bin.js')
  return {
    start(argv, { cwd, preload }) {
      const first = preload === undefined ? [] : ['--require', preload]
      return spawn(process.execPath, [...first, bin, ...argv], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    },
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Waits for a process to end; `onStderr` sees what it has said so far each time that it says more. */
export function endOf(child: ChildProcess, onStderr?: (said: string) => void): Promise<ProcessResult> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    onStderr?.(stderr)
  })
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (exitCode, signal) => {
      done({ exitCode, signal, stdout, stderr })
    })
  })
}
