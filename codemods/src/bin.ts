#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareThread } from './engine/spare-thread'
import { tuneEngine } from './engine/tune-engine'

const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
  version: string
}

/** Their work begins with loading the compiler, which a thread does while the command line is read. */
const lookingCommands = ['init', 'scan', 'migrate', 'check', 'baseline']

tuneEngine()
if (lookingCommands.includes(process.argv[2] ?? '')) prepareThread()

// a reader that has seen enough, such as `head`, closes the pipe: that is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`pgferry: standard output cannot be written: ${error.message}\n`)
  process.exit(6)
})
// remarks that nobody can read are no reason to stop
process.stderr.on('error', () => undefined)

// A request to end is heard while threads look at packages, and ends the run with a message before anything is written. The second one
// ends the process whatever it does; files are replaced whole, and the next run takes an unfinished one back.
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(130)
    interruption.abort()
  })
}

void import('./cli/main.js')
  .then(({ main }) =>
    main(
      process.argv.slice(2),
      { stdout: process.stdout, stderr: process.stderr, cwd: process.cwd(), env: process.env },
      {
        version,
        loadCommandDeps: async () =>
          (await import('./commands/process-deps.js')).createProcessDeps(interruption.signal),
      },
    ),
  )
  .then((exitCode) => {
    process.exitCode = exitCode
  })
