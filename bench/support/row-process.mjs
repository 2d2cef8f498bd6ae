// Runs one row and writes what it found: `node row-process.mjs <row>`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment } from '../harness.mjs'

const [, , name] = process.argv
const { run } = await import(`../rows/${name}.mjs`)
const about = environment()
const { lines, raw } = await run()
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'results')
mkdirSync(folder, { recursive: true })
writeFileSync(
  join(folder, `${name}.json`),
  `${JSON.stringify({ environment: about, lines, raw }, shorten, 1)}\n`,
)

/** Four digits tell all there is to know. */
function shorten(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}
