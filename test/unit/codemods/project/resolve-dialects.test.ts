import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import { resolveDialects } from '../../../../codemods/src/project/resolve-dialects'
import type { DialectConfig } from '../../../../codemods/src/project/define-config'
import { validateConfig } from '../../../../codemods/src/project/validate-config'

const known = builtinDialects.map(({ id }) => id)
const closed: DialectConfig = {
  id: 'closed',
  release: [{ on: 'function', module: '@acme/closed', names: ['commit'], isSync: true }],
}
const own: DialectConfig = {
  id: 'own',
  receiver: { types: [{ name: 'Own' }] },
  acquire: [{ method: 'take' }],
  release: [
    { on: 'connection', method: 'release' },
    { on: 'function', module: './tx', names: ['end'], connectionArgument: 1 },
  ],
}

const problemsOf = (dialect: unknown): readonly string[] => {
  try {
    validateConfig({ packages: [], dialects: [dialect] }, 'pgferry.config.ts', known)
  } catch (error) {
    return (error as { details?: readonly string[] }).details ?? [String(error)]
  }
  return []
}

it('all built-in dialects are meant where none is named', () => {
  expect(resolveDialects(undefined, builtinDialects)).toBe(builtinDialects)
})

it('functions that release count for every dialect, and are none themselves', () => {
  const resolved = resolveDialects(['node-postgres', closed, own], builtinDialects)
  expect(resolved.map(({ id }) => id)).toEqual(['node-postgres', 'own'])
  const releasing = [
    { module: '@acme/closed', names: ['commit'], isSync: true },
    { module: './tx', names: ['end'], connectionArgument: 1 },
  ]
  for (const dialect of resolved) expect(dialect.releasing).toEqual(releasing)
  expect(resolved[1]?.release).toEqual([{ on: 'connection', method: 'release' }])
})

it('a configuration with nothing but such functions leaves the built-in dialects in place', () => {
  const resolved = resolveDialects([closed], builtinDialects)
  expect(resolved.map(({ id }) => id)).toEqual(known)
  expect(resolved.every(({ releasing }) => releasing?.length === 1)).toBe(true)
})

it('such a rule needs a module and names, and a dialect with calls still needs a receiver and a release', () => {
  expect(problemsOf(closed)).toEqual([])
  expect(problemsOf(own)).toEqual([])
  expect(problemsOf({ ...closed, release: [{ on: 'function', names: ['commit'] }] })).toHaveLength(1)
  expect(problemsOf({ ...closed, release: [{ on: 'function', module: 'm', names: [] }] })).toHaveLength(1)
  expect(problemsOf({ ...closed, acquire: [{ method: 'take' }] })).toEqual([
    expect.stringContaining('.receiver'),
    expect.stringContaining('.release'),
  ])
})
