// Builds both packages: CommonJS by tsc, and beside each entry a thin ESM wrapper that re-exports the same objects,
// so that a class is one class whichever way it was loaded.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const tsc = require.resolve('typescript/bin/tsc')

for (const folder of ['.', 'codemods']) {
  const base = join(root, folder)
  rmSync(join(base, 'dist'), { recursive: true, force: true })
  execFileSync(process.execPath, [tsc, '-p', join(base, 'tsconfig.build.json')], {
    stdio: 'inherit',
    cwd: root,
  })
  const manifest = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8'))
  for (const target of Object.values(manifest.exports)) {
    if (typeof target === 'object') wrapEntry(join(base, target.require.default))
  }
  for (const bin of Object.values(manifest.bin ?? {})) {
    if (existsSync(join(base, bin))) chmodSync(join(base, bin), 0o755)
  }
}

function wrapEntry(commonJsFile) {
  const exported = Object.keys(require(commonJsFile)).filter((name) => name !== '__esModule')
  const names = exported.filter((name) => name !== 'default')
  const byDefault = exported.includes('default')
  const specifier = `./${commonJsFile.split(/[\\/]/).pop()}`
  const stem = commonJsFile.replace(/\.js$/, '')
  writeFileSync(
    `${stem}.mjs`,
    `import entry from '${specifier}'\nexport const { ${names.sort().join(', ')} } = entry\n` +
      (byDefault ? 'export default entry.default\n' : ''),
  )
  writeFileSync(
    `${stem}.d.mts`,
    `export * from '${specifier}'\n` + (byDefault ? `export { default } from '${specifier}'\n` : ''),
  )
}
