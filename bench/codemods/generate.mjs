// Writes a code base of any size that looks like somebody's: packages that import each other, services, types, tables, helpers, and
// here and there a place that takes a connection, in every built-in dialect. The same seed gives the same bytes.
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { modules } from './modules.mjs'
import { siteModules, supportModules } from './sites.mjs'

const modulesFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'node_modules')
/** One file in so many takes connections: about what open code bases that talk to PostgreSQL show. */
const filesBySite = 40

/**
 * @param folder is made; must not exist
 * @param options `{ lines, files, packages, seed }`
 * @returns `{ files, lines, sites }` as written
 */
export function generateCodeBase(folder, { lines, files, packages, seed = 1 }) {
  const random = createRandom(seed)
  const total = { files: 0, lines: 0, sites: 0 }
  const write = (path, text) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    if (!/\.tsx?$/.test(path)) return
    total.files++
    total.lines += text.split('\n').length - 1
  }
  const names = Array.from({ length: packages }, (_, index) => `${words[index % words.length]}-${index}`)
  write('package.json', json({ name: 'acme', private: true, workspaces: ['packages/*'] }))
  write('tsconfig.json', json({ compilerOptions, include: ['packages/*/src'] }))
  write('pgferry.config.mjs', configOf(names))
  linkDependencies(folder, names)
  const filesByPackage = Math.max(4, Math.round(files / packages))
  const linesByFile = lines / files
  for (const [index, name] of names.entries()) {
    write(`packages/${name}/package.json`, json({ name: `@acme/${name}`, types: 'src/index.ts' }))
    write(`packages/${name}/tsconfig.json`, json({ compilerOptions, include: ['src'] }))
    for (const [path, text] of Object.entries(supportModules)) write(`packages/${name}/src/${path}`, text)
    const earlier = []
    const neighbour = index > 0 ? names[Math.floor(random() * index)] : undefined
    for (let number = Object.keys(supportModules).length + 1; number < filesByPackage; number++) {
      const isSite = Math.floor(random() * filesBySite) === 0
      const kind = isSite ? siteModules : modules
      const make = kind[Math.floor(random() * kind.length)]
      const file = `${pick(random, words)}/${pick(random, words)}-${number}`
      const context = {
        random,
        number,
        imports: pickSome(random, earlier),
        neighbour,
        targetLines: linesByFile,
      }
      const made = make(context)
      write(`packages/${name}/src/${file}.ts`, made.text)
      total.sites += made.sites ?? 0
      if (made.exported !== undefined) earlier.push({ file, exported: made.exported })
    }
    const open = earlier.slice(0, 12).map(({ file, exported }) => `export { ${exported} } from './${file}'`)
    write(`packages/${name}/src/index.ts`, `${open.join('\n')}\nexport const packageName = '${name}'\n`)
  }
  return total
}

/** Numbers of [0, 1) that the seed decides; mulberry32. */
function createRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function pick(random, list) {
  return list[Math.floor(random() * list.length)]
}

function pickSome(random, list) {
  if (list.length === 0) return []
  const count = Math.min(list.length, Math.floor(random() * 4))
  const recent = list.slice(-40)
  return [...new Set(Array.from({ length: count }, () => pick(random, recent)))]
}

const words = (
  'account address audit basket billing booking budget campaign cargo catalog channel claim contract coupon customer delivery ' +
  'deposit document employee event expense invoice journal ledger license location merchant message mission notice offer order ' +
  'parcel partner payment permit person policy price product profile project quota rating receipt refund region rental report ' +
  'review route schedule segment session shipment signal stock supplier tariff task tenant ticket transfer buyer voucher warranty'
).split(' ')

const compilerOptions = {
  strict: true,
  target: 'es2022',
  lib: ['es2022', 'esnext.disposable'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
}

function linkDependencies(folder, names) {
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true })
  mkdirSync(join(folder, 'node_modules', '@acme'))
  for (const library of ['pg', '@types/pg', '@types/node']) {
    symlinkSync(realpathSync(join(modulesFolder, library)), join(folder, 'node_modules', library))
  }
  for (const name of names) {
    symlinkSync(join('..', '..', 'packages', name), join(folder, 'node_modules', '@acme', name))
  }
}

function configOf(names) {
  const entries = names.map(
    (name) =>
      `  { name: '${name}', path: 'packages/${name}', connections: { import: 'connections', from: './src/database' } },`,
  )
  return `export default { packages: [\n${entries.join('\n')}\n] }\n`
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, lines = '300000', files = '3500', packages = '25', seed = '1'] = process.argv.slice(2)
  const options = {
    lines: Number(lines),
    files: Number(files),
    packages: Number(packages),
    seed: Number(seed),
  }
  console.log(JSON.stringify(generateCodeBase(folder, options)))
}
