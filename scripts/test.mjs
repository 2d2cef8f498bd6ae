// `npm test`: builds both packages (the tests of the command line and of the packed tarballs use the build), runs every
// test on real servers with coverage, and ends with one line that counts them. Arguments go to Jest.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const scratch = mkdtempSync(join(tmpdir(), 'pgferry-test-'))
const resultFile = join(scratch, 'result.json')
const extra = process.argv.slice(2)
const isPartial = extra.length > 0

const run = (file, args) =>
  spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1

try {
  const build = run(join(root, 'scripts/build.mjs'), [])
  if (build !== 0) process.exitCode = build
  else {
    const status = run(require.resolve('jest/bin/jest'), [
      ...(isPartial ? [] : ['--coverage']),
      '--json',
      `--outputFile=${resultFile}`,
      ...extra,
    ])
    const result = JSON.parse(readFileSync(resultFile, 'utf8'))
    console.log(
      `${result.numPassedTests} passed, ${result.numFailedTests + result.numRuntimeErrorTestSuites} failed`,
    )
    process.exitCode = status
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
