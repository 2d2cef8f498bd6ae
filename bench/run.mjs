// `npm run bench` measures everything and prints one table; `npm run bench -- stub-lease burst` measures these two rows. Each row runs in
// a process of its own, so that one cannot warm up, slow down or take the memory of another. Raw numbers go to bench/results/<row>.json.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DropInPool } from './support/product.mjs'
import { renderTable } from './support/table.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const known = readdirSync(join(here, 'rows')).map((file) => file.replace(/\.mjs$/, ''))
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; there are: ${known.join(', ')}`)
  process.exit(2)
}

installPeers()
if (DropInPool === undefined) console.error('this build has no pgferry/pg: its lines are left out')
const lines = []
const failed = []
for (const name of wanted.length > 0 ? wanted : known) {
  console.error(`measuring ${name} …`)
  if ((await runRow(name)) === 0) lines.push(...readResults(name))
  else failed.push(name)
}
console.log(renderTable(lines))
if (failed.length > 0) {
  console.error(`did not come to an end: ${failed.join(', ')}`)
  process.exitCode = 1
}

function installPeers() {
  const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
  const isThere = Object.entries(dependencies).every(([name, version]) => installedVersion(name) === version)
  if (!isThere) execFileSync('npm', ['ci'], { cwd: here, stdio: ['ignore', 2, 2] })
}

function installedVersion(name) {
  try {
    return JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'), 'utf8')).version
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function runRow(name) {
  const script = join(here, 'support', 'row-process.mjs')
  const child = spawn(process.execPath, [script, name], { stdio: ['ignore', 2, 2] })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve(status))
  })
}

function readResults(name) {
  return JSON.parse(readFileSync(join(here, 'results', `${name}.json`), 'utf8')).lines
}
