#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from './cli/main'

const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
  version: string
}

// a reader that has seen enough, such as `head`, closes the pipe: that is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`pgferry: standard output cannot be written: ${error.message}\n`)
  process.exit(6)
})
// remarks that nobody can read are no reason to stop
process.stderr.on('error', () => undefined)

void main(
  process.argv.slice(2),
  { stdout: process.stdout, stderr: process.stderr, cwd: process.cwd(), env: process.env },
  {
    version,
    loadCommandDeps: async () => (await import('./commands/system-deps.js')).createSystemDeps(),
  },
).then((exitCode) => {
  process.exitCode = exitCode
})
