// `npm run bench:codemods` measures the command line of the codemods on generated code bases, against the compiler and jscodeshift in the
// same run, and counts what it rewrites in published packages; `-- speed` or `-- corpora` does one of the two. Raw numbers go to
// bench/results/codemods.json and bench/results/corpora.json.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment, ratioOf, rounds, summarise, takeTurns, toLine } from '../harness.mjs'
import { renderTable } from '../support/table.mjs'
import { measureCorpora } from './corpora.mjs'
import { generateCodeBase } from './generate.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const cli = process.env.PGFERRY_BENCH_CLI ?? join(root, 'codemods', 'dist', 'bin.js')
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const jscodeshift = join(here, '..', 'node_modules', 'jscodeshift', 'bin', 'jscodeshift.js')
// each round takes minutes; a ratio is taken within its round
const count = Math.min(rounds, 3)
const base = { lines: 300_000, files: 3_500, packages: 25 }
const large = { lines: 1_000_000, files: 11_667, packages: 83 }

const jscodeshiftArguments = [
  ...['--parser', 'ts', '--extensions', 'ts', '--dry', '--silent', '--ignore-pattern', '**/node_modules/**'],
  ...['--transform', join(here, 'transform.cjs'), 'packages'],
]

const parts = { speed: runSpeed, corpora: runCorpora }
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; there are: ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'pgferry-bench-codemods-'))
try {
  for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) await parts[name]()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function runSpeed() {
  installPeers()
  const { lines, raw } = await measure()
  console.log(renderTable(lines))
  writeResults('codemods', { lines, raw })
}

function runCorpora() {
  const { lines, raw, tables, holds } = measureCorpora(join(folder, 'corpora'), cli)
  console.log([...tables, renderTable(lines)].join('\n\n'))
  writeResults('corpora', { lines, raw })
  if (!holds) process.exitCode = 1
}

function writeResults(name, { lines, raw }) {
  mkdirSync(join(here, '..', 'results'), { recursive: true })
  const text = JSON.stringify({ environment: environment(), lines, raw }, shorten, 1)
  writeFileSync(join(here, '..', 'results', `${name}.json`), `${text}\n`)
}

async function measure() {
  const sizes = {
    base: generate('base', base),
    large: generate('large', large),
    'one package': generate('one', { ...large, packages: 1 }),
  }
  const names = readdirSync(join(folder, 'base', 'packages'))
  const contenders = {
    tsc: () => runNode(tsc, ['--noEmit', '-p', '.'], 'base'),
    scan: () => runNode(cli, ['scan', '--quiet'], 'base'),
    migrate: () => migrateAndRevert(names),
    jscodeshift: () => runNode(jscodeshift, jscodeshiftArguments, 'base'),
    'scan, 1M': () => runNode(cli, ['scan', '--quiet'], 'large'),
    'scan, 1M in one package': () => runNode(cli, ['scan', '--quiet'], 'one'),
  }
  // What a run keeps for the next ones: the compiler, as node has compiled it.
  await contenders.scan()
  const samples = await takeTurns(contenders, (run) => run(), { count, warmUps: 0 })
  // These take seconds, and their ratio differs much from round to round: there are more of them.
  const withoutKept = { NODE_DISABLE_COMPILE_CACHE: '1' }
  const pair = await takeTurns(
    {
      scan: contenders.scan,
      'scan, first run': () => runNode(cli, ['scan', '--quiet'], 'base', withoutKept),
      jscodeshift: contenders.jscodeshift,
    },
    (run) => run(),
    { count: count * 3, warmUps: 0 },
  )
  return { lines: linesOf(samples, pair, sizes), raw: { sizes, samples, pair } }
}

function linesOf(samples, pair, sizes) {
  const work = `${sizes.base.lines} lines, ${sizes.base.files} files`
  const compare = (ours, peer, key, rest) =>
    toLine({ work, ours, peer, measure: key, summary: ratioOf(samples, [ours, peer], key), ...rest })
  const peak = (ours, workOf) =>
    toLine({
      work: workOf,
      ours,
      peer: '',
      measure: 'peak memory',
      summary: summarise(samples[ours].map(({ peakMb }) => peakMb)),
      unit: 'MB',
      sign: '<=',
      limit: 300,
    })
  const grown = (ours, key, divisor, rest) => {
    const ratios = samples[ours].map((sample, round) => sample[key] / samples.scan[round][key] / divisor)
    return toLine({ work: '1M lines to 300k', ours, peer: 'scan', summary: summarise(ratios), ...rest })
  }
  const times = (key) => sizes[key].lines / sizes.base.lines
  return [
    compare('scan', 'tsc', 'seconds', { sign: '<=', limit: 0.15 }),
    compare('scan', 'tsc', 'cpuSeconds', {}),
    compare('migrate', 'tsc', 'seconds', { sign: '<=', limit: 0.5 }),
    faster(pair, work, 'scan', { sign: '>=', limit: 3 }),
    faster(pair, work, 'scan, first run', { note: 'the compiler is compiled' }),
    faster(samples, work, 'migrate', { note: 'with proofs and types checked' }),
    peak('scan', work),
    peak('migrate', work),
    peak('scan, 1M', '1M lines'),
    peak('scan, 1M in one package', '1M lines'),
    grown('scan, 1M', 'seconds', times('large'), { measure: 'seconds a line', sign: '<=', limit: 1.1 }),
    grown('scan, 1M in one package', 'seconds', times('one package'), {
      measure: 'seconds a line',
      sign: '<=',
      limit: 1.1,
    }),
    grown('scan, 1M', 'peakMb', 1, { measure: 'peak memory', sign: '<=', limit: 1.25 }),
    grown('scan, 1M in one package', 'peakMb', 1, { measure: 'peak memory', sign: '<=', limit: 1.5 }),
  ]
}

/** How many times faster than jscodeshift. */
function faster(samples, work, ours, rest) {
  const summary = ratioOf(samples, ['jscodeshift', ours], 'seconds')
  return toLine({ work, ours, peer: 'jscodeshift', measure: 'times faster', summary, ...rest })
}

async function migrateAndRevert(names) {
  const sample = await runNode(cli, ['migrate', '--quiet', ...names], 'base')
  await runNode(cli, ['revert', '--quiet', ...names], 'base')
  return sample
}

/** Runs a script to its end: seconds, processor seconds of the process (threads included, children not) and its peak memory. */
function runNode(script, args, size, env = {}) {
  const usage = join(folder, 'usage.json')
  const startedAtMs = performance.now()
  const child = spawn(process.execPath, ['--require', join(here, 'usage.cjs'), script, ...args], {
    cwd: join(folder, size),
    env: { ...process.env, ...env, PGFERRY_BENCH_USAGE: usage },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      const seconds = (performance.now() - startedAtMs) / 1000
      if (status !== 0) reject(new Error(`${script} ${args[0]} ended with ${status}: ${said}`))
      else resolve({ seconds, ...JSON.parse(readFileSync(usage, 'utf8')) })
    })
  })
}

function generate(name, options) {
  console.error(`generating ${options.lines} lines in ${options.packages} packages …`)
  return generateCodeBase(join(folder, name), options)
}

function installPeers() {
  try {
    readFileSync(jscodeshift)
  } catch {
    // as `npm run bench` does: the peers are installed when they are missing
    execFileSync('npm', ['ci'], { cwd: join(here, '..'), stdio: ['ignore', 2, 2] })
  }
}

/** Four digits tell all there is to know. */
function shorten(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}
