// `npm run demo`: builds both packages and the demo where they are older than their sources, then runs it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)

if (isOlder('dist/index.mjs', ['src']) || isOlder('codemods/dist/index.mjs', ['codemods/src'])) {
  run(join(root, 'scripts/build.mjs'))
}
const entry = 'examples/demo/dist/main.js'
if (isOlder(entry, ['examples/demo', 'dist'])) {
  run(require.resolve('typescript/bin/tsc'), '-p', join(root, 'examples/demo/tsconfig.json'))
}

const demo = spawn(process.execPath, [join(root, entry), ...process.argv.slice(2)], {
  cwd: process.cwd(),
  stdio: 'inherit',
})
// A Ctrl-C reaches the demo by itself; this process waits until it has cleaned up.
process.on('SIGINT', () => {})
for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => demo.kill(name))
demo.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130)
})

function run(file, ...args) {
  const { status } = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function isOlder(output, sources) {
  const path = join(root, output)
  if (!existsSync(path)) return true
  const builtAt = statSync(path).mtimeMs
  return sources.some((source) => newest(join(root, source)) > builtAt)
}

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() && /\.ts$/.test(entry.name) && !/[\\/]demo[\\/]dist([\\/]|$)/.test(entry.parentPath),
    )
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0)
}
