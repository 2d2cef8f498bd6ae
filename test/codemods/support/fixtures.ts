import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { analyzePackage } from '../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../codemods/src/dialects/builtin-dialects'
import type { Site } from '../../../codemods/src/model/site'
import type { ConnectionsReference, RewriteFeatures, TargetStyle } from '../../../codemods/src/model/target'
import { applyTextEdits } from '../../../codemods/src/model/text-edit'
import { rewriteFile } from '../../../codemods/src/rewrite/rewrite-file'

export const fixturesRoot = resolve(__dirname, '../fixtures')

export interface Fixture {
  /** `psycopg2-pool/try-finally-that-returns-rows` */
  readonly name: string
  readonly dialect: string
  readonly isSkip: boolean
  readonly beforePath: string
  readonly afterPath: string
  readonly before: string
  readonly after: string | undefined
  /** Out of a first line such as `// features: fixLeaks`. */
  readonly features: RewriteFeatures
}

/** Every fixture folder: `<dialect>/<case>/before.ts` with `after.ts`, or `skip-<case>/before.ts` alone. */
export function allFixtures(): readonly Fixture[] {
  const dialects = readdirSync(fixturesRoot, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return dialects.flatMap(({ name: dialect }) =>
    readdirSync(join(fixturesRoot, dialect)).map((name): Fixture => {
      const folder = join(fixturesRoot, dialect, name)
      const extension = existsSync(join(folder, 'before.js')) ? 'js' : 'ts'
      const beforePath = join(folder, `before.${extension}`)
      const afterPath = join(folder, `after.${extension}`)
      return {
        name: `${dialect}/${name}`,
        dialect,
        isSkip: name.startsWith('skip-'),
        beforePath,
        afterPath,
        before: readFileSync(beforePath, 'utf8'),
        features: featuresOf(readFileSync(beforePath, 'utf8')),
        after: existsSync(afterPath) ? readFileSync(afterPath, 'utf8') : undefined,
      }
    }),
  )
}

function featuresOf(text: string): RewriteFeatures {
  const names =
    /^\uFEFF?(?:\/\/ expect: .*\r?\n)?\/\/ features: (.*)/.exec(text)?.[1]?.trim().split(/, */) ?? []
  return Object.fromEntries(names.map((name) => [name, true]))
}

export const fixtureConnections: ConnectionsReference = {
  kind: 'import',
  name: 'connections',
  from: './database',
}

export interface Migration {
  readonly text: string
  readonly sites: readonly Site[]
  readonly scanned: readonly Site[]
}

/** Runs analysis and rewrite on one text, as `migrate` would on a package that holds this one file. */
export function migrateText(
  path: string,
  text: string,
  style: TargetStyle = 'await-using',
  connections: ConnectionsReference = fixtureConnections,
  features: RewriteFeatures = {},
): Migration {
  const sources = {
    name: 'fixtures',
    path: fixturesRoot,
    files: [{ path, relativePath: path.slice(fixturesRoot.length + 1), text }],
  }
  const [analysis] = analyzePackage(sources, builtinDialects, { connections }).files
  if (analysis === undefined) throw new Error(`${path} was not analysed`)
  if (analysis.parseErrors.length > 0)
    throw new Error(`${path} does not parse: ${JSON.stringify(analysis.parseErrors)}`)
  const { edits, sites } = rewriteFile(analysis, { ...features, style, purpose: 'app', connections })
  return { text: applyTextEdits(text, edits), sites, scanned: analysis.sites.map((one) => one.site) }
}
