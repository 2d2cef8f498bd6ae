// Which share of the sites of published packages the codemods find and rewrite. What should be found is not theirs to say: corpora-known.json
// lists the places that take a connection, looked for by text and read one by one.
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toLine } from '../harness.mjs'
import { layOut } from './corpora-fetch.mjs'
import { corpora } from './corpora-list.mjs'
import { runCorpus } from './corpora-run.mjs'
import { isRewritten, renderCorpora, renderRest, renderShapes } from './corpora-tables.mjs'

const known = JSON.parse(
  readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'corpora-known.json'), 'utf8'),
)
// these hand their connection to another function, keep it, or have it in a chain of promises
const acrossFunctions = new Set(['crosses-function', 'chained'])
// these give a handle of their own, which the service does not have
const ownHandle = new Set(['typeorm-query-runner', 'get-connection', 'slonik', 'pg-promise'])

/** Fetches, scans and migrates every corpus below `folder`: `{ lines, raw, tables, holds }`; `holds` is false where something is wrong. */
export function measureCorpora(folder, cli) {
  const results = corpora.map((corpus) => measureCorpus(corpus, { folder, cli }))
  const sites = results.flatMap((result) => result.sites)
  const musts = mustLines(results)
  return {
    lines: [...shareLines(sites, results), ...musts],
    raw: results.map(shorten),
    tables: [renderCorpora(results), renderShapes(sites), renderRest(sites)],
    holds: musts.every(({ verdict }) => verdict === 'met'),
  }
}

function measureCorpus(corpus, { folder, cli }) {
  console.error(`migrating ${corpus.name} …`)
  const target = join(folder, corpus.name.replace('/', '-'))
  layOut(corpus, target)
  const { sites, proofs } = runCorpus(cli, target)
  rmSync(target, { recursive: true })
  const listed = Object.entries(known[corpus.name]).flatMap(([file, lines]) =>
    lines.map((line) => `${file}:${line}`),
  )
  const { name, version, sources } = corpus
  return { name, version, sources, sites, proofs, ...compare(listed, sites.map(placeOf)) }
}

/** Two sites on one line need that line twice in the list. */
function compare(listed, reported) {
  const left = [...reported]
  const found = listed.filter((place) => {
    const index = left.indexOf(place)
    if (index >= 0) left.splice(index, 1)
    return index >= 0
  })
  const missed = [...listed]
  for (const place of found) missed.splice(missed.indexOf(place), 1)
  return { found, missed, unknown: left }
}

function placeOf({ file, line }) {
  return `${file}:${line}`
}

function shareLines(sites, results) {
  const missed = results.reduce((sum, result) => sum + result.missed.length, 0)
  const within = sites.filter(({ shape }) => !acrossFunctions.has(shape))
  const ofPg = within.filter(({ dialect, reason }) => !ownHandle.has(dialect) && reason !== 'foreign-handle')
  const share = (work, group, count, rest) =>
    percent({ work, part: group.filter(isRewritten).length, whole: count, measure: 'rewritten', ...rest })
  return [
    share('of all sites: found, and known but missed', sites, sites.length + missed, {}),
    share('of the found sites within one function', within, within.length, {}),
    share('of those, the ones with a client of node-postgres', ofPg, ofPg.length, { sign: '>=', limit: 85 }),
  ]
}

/** What has to hold, whatever share is rewritten. */
function mustLines(results) {
  const sum = (countOf) => results.reduce((count, result) => count + countOf(result), 0)
  const files = sum(({ proofs }) => proofs.files)
  const all = { sign: '>=', limit: 100 }
  const ofFiles = (measure, key) =>
    percent({
      work: 'of the changed files',
      part: sum(({ proofs }) => proofs[key]),
      whole: files,
      measure,
      ...all,
    })
  const found = sum((result) => result.found.length)
  const unknown = sum((result) => result.unknown.length)
  return [
    percent({
      work: 'of the known sites',
      part: found,
      whole: found + sum((result) => result.missed.length),
      measure: 'found',
      ...all,
    }),
    percent({ work: 'of the found sites', part: found, whole: found + unknown, measure: 'known', ...all }),
    ofFiles('parses', 'parses'),
    ofFiles('second run changes nothing', 'settled'),
    ofFiles('revert restores every byte', 'restored'),
  ]
}

/** A share that is short of the whole by one site must not be shown as the whole: it is rounded down. */
function percent({ part, whole, ...rest }) {
  const value = Math.floor((part / whole) * 10_000) / 100
  const summary = { value, low: value, high: value }
  return toLine({ ours: 'migrate', peer: '', summary, unit: '%', note: `${part} of ${whole}`, ...rest })
}

/** For the raw numbers: a line for each site, so that a difference between two runs is read at a glance. */
function shorten({ sites, ...result }) {
  const describe = (site) =>
    [placeOf(site), site.dialect, site.api, site.shape, site.verdict, site.reason].filter(Boolean).join(' ')
  return { ...result, found: result.found.length, sites: sites.map(describe) }
}
