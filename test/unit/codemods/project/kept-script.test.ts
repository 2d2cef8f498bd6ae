import { transformSync } from '@swc/core'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

// In processes of their own: only there `require` is node's.
const source = resolve(__dirname, '../../../../codemods/src/project/kept-script.ts')
let root: string
let file: string
let cache: string

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pgferry-kept-')))
  const { code } = transformSync(readFileSync(source, 'utf8'), {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  })
  writeFileSync(join(root, 'kept-script.js'), code)
  file = join(root, 'node_modules', 'large', 'lib', 'index.js')
  cache = join(root, 'node_modules', '.cache', 'pgferry')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(join(dirname(file), 'part.js'), 'exports.part = __filename')
  write('first')
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function write(text: string): void {
  writeFileSync(
    file,
    `const { part } = require('./part'); module.exports = { text: '${text}', part, at: [__filename, __dirname, module.id, require.main === module] }`,
  )
}

interface Outcome {
  readonly loaded: { readonly text: string; readonly part: string; readonly at: readonly unknown[] }
  readonly isSame: boolean
}

/** Loads the file, keeps what there is to keep, and tells what `require` has then. */
function run(
  options: { readonly path?: string; readonly flags?: string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Outcome {
  const { path = file, flags = [], env = {} } = options
  const script = `
    const { requireKept } = require(${JSON.stringify(join(root, 'kept-script.js'))})
    const keep = requireKept(${JSON.stringify(path)})
    const loaded = require(${JSON.stringify(path)})
    const again = requireKept(${JSON.stringify(path)})
    keep(), again()
    console.log(JSON.stringify({ loaded, isSame: loaded === require(${JSON.stringify(path)}) }))`
  const said = execFileSync(process.execPath, [...flags, '-e', script], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', NODE_DISABLE_COMPILE_CACHE: '', ...env },
    encoding: 'utf8',
  })
  return JSON.parse(said) as Outcome
}

const kept = (): readonly string[] => (existsSync(cache) ? readdirSync(cache) : [])
const keptFile = (): string => join(cache, kept()[0] ?? 'none')

test('what it loads is what require loads, the first time and from what was kept', () => {
  const expected = {
    loaded: {
      text: 'first',
      part: join(dirname(file), 'part.js'),
      at: [file, dirname(file), file, false],
    },
    isSame: true,
  }
  expect(run()).toEqual(expected)
  expect(kept()).toEqual([expect.stringMatching(/^[0-9a-f]{32}-\d+\.bin$/)])
  const { mtimeMs } = statSync(keptFile())
  expect(run()).toEqual(expected)
  expect(statSync(keptFile()).mtimeMs).toBe(mtimeMs)
})

test('a file that was changed is compiled anew, however alike it looks', () => {
  run()
  const { atime, mtime, size } = statSync(file)
  write('other')
  utimesSync(file, atime, mtime)
  expect(statSync(file).size).toBe(size)
  expect(run().loaded.text).toBe('other')
  expect(kept()).toHaveLength(2)
})

test.each([
  ['garbage', () => Buffer.from('garbage')],
  ['nothing', () => Buffer.alloc(0)],
  ['a part', () => readFileSync(keptFile()).subarray(0, 200)],
  [
    'one byte that is another',
    () => {
      const bytes = readFileSync(keptFile())
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9)
      return bytes
    },
  ],
])('what is not whole is made anew: %s', (_, broken) => {
  run()
  const whole = readFileSync(keptFile()).length
  writeFileSync(keptFile(), broken())
  expect(run().loaded.text).toBe('first')
  expect(readFileSync(keptFile())).toHaveLength(whole)
  writeFileSync(`${keptFile()}.tmp`, 'left behind')
  expect(run().loaded.text).toBe('first')
})

test('an engine with other flags has one of its own', () => {
  run()
  run({ flags: ['--no-opt'] })
  expect(kept()).toHaveLength(2)
})

test('nothing is written where it was told not to, outside of node_modules, or where there is no place', () => {
  expect(run({ env: { NODE_DISABLE_COMPILE_CACHE: '1' } }).loaded.text).toBe('first')
  const outside = join(root, 'outside.js')
  writeFileSync(outside, "module.exports = { text: 'outside' }")
  expect(run({ path: outside })).toEqual({ loaded: { text: 'outside' }, isSame: true })
  expect(kept()).toEqual([])
  mkdirSync(dirname(cache))
  writeFileSync(cache, 'a file is in the way')
  expect(run().loaded.text).toBe('first')
  expect(readFileSync(cache, 'utf8')).toBe('a file is in the way')
})

test('an error of the file is its own, each time it is asked for', () => {
  writeFileSync(file, "throw new Error('not this one')")
  const script = `
    const { requireKept } = require(${JSON.stringify(join(root, 'kept-script.js'))})
    for (const load of [requireKept, requireKept, require]) {
      try { load(${JSON.stringify(file)}) } catch (error) { console.log(error.message, error.stack.includes(${JSON.stringify(file)})) }
    }`
  const said = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' })
  expect(said).toBe('not this one true\n'.repeat(3))
})
