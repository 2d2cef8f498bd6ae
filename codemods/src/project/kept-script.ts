import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { cachedDataVersionTag } from 'node:v8'
import { Script } from 'node:vm'

/** Stores what the engine has compiled of a script, for the next process that loads it. Never throws; nothing is lost without it. */
export type KeepCompiled = () => void

type Wrapper = (
  exports: unknown,
  require: NodeJS.Require,
  module: Module,
  filename: string,
  dirname: string,
) => void

const hashLength = 32

/**
 * Loads a CommonJS file of an installed package, and compiles only what was not compiled by an earlier process: for a script of several
 * megabytes that is most of what loading it takes. What is kept lies in `node_modules/.cache`, where whoever could change it could change
 * the script itself. `NODE_DISABLE_COMPILE_CACHE=1` turns it off, as it does for node's own.
 *
 * @param file as `require.resolve` tells it
 */
export function requireKept(file: string): KeepCompiled {
  const requireFrom = createRequire(file)
  const folder = cacheFolderOf(file)
  const isOff = (process.env['NODE_DISABLE_COMPILE_CACHE'] ?? '') !== ''
  if (folder === undefined || isOff || requireFrom.cache[file] !== undefined) {
    requireFrom(file)
    return nothingToKeep
  }
  const bytes = readFileSync(file)
  const place = join(folder, nameOf(bytes))
  const cachedData = readKept(place)
  const source = Module.wrap(bytes.toString('utf8'))
  const script = new Script(source, { filename: file, ...(cachedData && { cachedData }) })
  run(script, file, requireFrom)
  if (script.cachedDataRejected === false) return nothingToKeep
  return () => {
    keep(place, script.createCachedData())
  }
}

function nothingToKeep(): void {
  // There is something already, or nowhere to put it.
}

/** `node_modules/.cache` beside the package; undefined for what lies elsewhere, such as in an archive. */
function cacheFolderOf(file: string): string | undefined {
  const [, modules] = /^(.*[\\/]node_modules)[\\/]/.exec(file) ?? []
  return modules === undefined ? undefined : join(modules, '.cache', 'pgferry')
}

/**
 * Another one for each text, and for each engine with its flags. The engine itself compares no more than the length of the text, and
 * installed files have all the same date.
 */
function nameOf(bytes: Buffer): string {
  return `${hashOf(bytes).toString('hex').slice(0, 32)}-${String(cachedDataVersionTag())}.bin`
}

function run(script: Script, file: string, requireFrom: NodeJS.Require): void {
  const loaded = new Module(file)
  loaded.filename = file
  const wrapper = script.runInThisContext() as Wrapper
  requireFrom.cache[file] = loaded
  try {
    wrapper.call(loaded.exports, loaded.exports, requireFrom, loaded, file, dirname(file))
  } catch (cause) {
    // As `require` does: whoever asks again is told again.
    Reflect.deleteProperty(requireFrom.cache, file)
    throw cause
  }
  loaded.loaded = true
}

/** What is not whole is as good as not there. */
function readKept(place: string): Buffer | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(place)
  } catch {
    // Nothing was kept yet.
    return undefined
  }
  const data = bytes.subarray(hashLength)
  return hashOf(data).equals(bytes.subarray(0, hashLength)) ? data : undefined
}

function keep(place: string, data: Buffer): void {
  // Always the same name: what an ended process left behind does not pile up. Two that write at once are told by the hash.
  const unfinished = `${place}.tmp`
  try {
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(unfinished, Buffer.concat([hashOf(data), data]))
    renameSync(unfinished, place)
  } catch {
    // A read-only or full disk: the next run compiles again.
  }
}

function hashOf(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest()
}
