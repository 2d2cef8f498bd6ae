// Runs the command line over one corpus as its owner would, and looks at what it did to the files.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const migrate = ['migrate', '.', '--fix-leaks', '--allow-dirty']
// not the package's own: what is installed, the history of git, and what the command line keeps of a run
const notOwn = new Set(['node_modules', '.git', '.pgferry'])

/** The sites as `migrate` reports them, and what became of the files: `{ sites, proofs }`. */
export function runCorpus(cli, folder) {
  const run = (args) => runCli(cli, args, folder)
  run(['init', '--force'])
  const sites = report(run, [...migrate, '--dry-run'])
  return { sites, proofs: prove(run, folder) }
}

function report(run, args) {
  return JSON.parse(run([...args, '--json', '-'])).packages.flatMap((one) => one.sites)
}

/** Of the files that a migrate changes: how many parse, stay as they are in a second one, and are themselves again after a revert. */
function prove(run, folder) {
  const before = hashes(folder)
  run(migrate)
  const after = hashes(folder)
  const changed = differing(before, after)
  const parses = changed.filter((file) => doesParse(join(folder, file)))
  run(migrate)
  const unsettled = differing(after, hashes(folder))
  run(['revert', '.'])
  const unrestored = differing(before, hashes(folder))
  return {
    files: changed.length,
    parses: parses.length,
    settled: changed.length - unsettled.length,
    restored: changed.length - unrestored.length,
  }
}

function runCli(cli, args, folder) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [cli, ...args, '--quiet'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`pgferry ${args[0]} ended with ${status} in ${folder}: ${stderr}`)
  return stdout
}

function hashes(folder, inside = '') {
  return readdirSync(join(folder, inside), { withFileTypes: true }).flatMap((entry) => {
    const path = join(inside, entry.name)
    if (notOwn.has(entry.name)) return []
    if (entry.isDirectory()) return hashes(folder, path)
    return [
      [
        path,
        createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest('hex'),
      ],
    ]
  })
}

/** Files that are not the same in both, those that are only in one of them included. */
function differing(one, other) {
  const [before, after] = [new Map(one), new Map(other)]
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  )
}

function doesParse(path) {
  const { diagnostics } = ts.transpileModule(readFileSync(path, 'utf8'), {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, allowJs: true },
  })
  return diagnostics.length === 0
}
