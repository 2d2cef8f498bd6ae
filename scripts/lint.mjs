// `npm run lint`: the checks of a merge, two at a time, longest first; each says what it found when it is done.
import { spawn } from 'node:child_process'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const waiting = ['eslint', 'types', 'format', 'package', 'layers', 'unused']
const failed = []

await Promise.all([work(), work()])
if (failed.length > 0) {
  console.error(`failed: ${failed.map((check) => `npm run lint:${check}`).join(', ')}`)
  process.exitCode = 1
}

async function work() {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const { status, output } = await run(check)
    console.log(`lint:${check} ${status === 0 ? 'is content' : 'has found something'}\n${output}`)
    if (status !== 0) failed.push(check)
  }
}

function run(check) {
  const child = spawn('npm', ['run', '--silent', `lint:${check}`], { cwd: root })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (status) => done({ status, output }))
  })
}
