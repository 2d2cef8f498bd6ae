import { CodemodError } from '../../../../codemods/src/project/codemod-error'
import { validateConfig } from '../../../../codemods/src/project/validate-config'

const known = ['infra-delegate', 'node-postgres']

function problemsOf(config: unknown): readonly string[] {
  try {
    validateConfig(config, 'pgferry.config.ts', known)
  } catch (error) {
    expect(error).toBeInstanceOf(CodemodError)
    const { code, message, details, exitCode } = error as CodemodError
    expect({ code, exitCode }).toEqual({ code: 'CONFIG_INVALID', exitCode: 2 })
    expect(message).toContain('pgferry.config.ts has')
    return details
  }
  throw new Error('expected the configuration to be refused')
}

test('a complete configuration is accepted as it is', () => {
  const config = {
    packages: [
      {
        name: 'portals',
        path: 'packages/portals',
        component: 'portals',
        purpose: 'portals',
        stage: 'legacy',
        connections: { import: 'connections', from: './src/database' },
        style: 'await-using',
        include: ['src/**/*.ts'],
        exclude: ['src/old/**'],
      },
      { name: 'core', path: 'packages/core', connections: { expression: 'this.connections' } },
    ],
    dialects: ['infra-delegate'],
  }
  expect(validateConfig(config, 'pgferry.config.ts', known)).toEqual(config)
})

test('a dialect of the team’s own may leave out the lists it has no use for', () => {
  const dialect = {
    id: 'acme-db',
    receiver: { types: [{ name: 'AcmeDb' }] },
    acquire: [{ method: 'openHandle' }],
    release: [{ on: 'receiver', method: 'closeHandle', connectionArgument: 0 }],
  }
  const config = validateConfig({ packages: [], dialects: [dialect] }, 'pgferry.config.ts', known)
  expect(config.dialects).toEqual([dialect])
})

test.each([
  [
    'an import in front of other ways to the service is refused',
    {
      packages: [
        { name: 'a', path: 'a', connections: [{ import: 'c', from: './c' }, { expression: 'this.c' }] },
      ],
    },
    'packages[0].connections[0]: received an import in front of others, expected it to be the last: every call site can import',
  ],
  [
    'an unknown option names the nearest known one',
    { packages: [{ name: 'a', path: 'a', stags: 'legacy' }] },
    'packages[0].stags: unknown option. Did you mean "stage"?',
  ],
  [
    'a wrong type tells what was received',
    { packages: [{ name: 7, path: 'a' }] },
    'packages[0].name: received 7, expected a string',
  ],
  [
    'a missing option is named',
    { packages: [{ name: 'a' }] },
    'packages[0].path: received nothing, expected a string',
  ],
  [
    'a wrong word lists the allowed ones',
    { packages: [{ name: 'a', path: 'a', stage: 'migratet' }] },
    'packages[0].stage: received "migratet", expected "legacy" or "migrated" or "complete". Did you mean "migrated"?',
  ],
  [
    'connections in part name the missing half',
    { packages: [{ name: 'a', path: 'a', connections: { import: 'c' } }] },
    'packages[0].connections.from: received nothing, expected a string',
  ],
  [
    'connections of another type are refused',
    { packages: [{ name: 'a', path: 'a', connections: 5 }] },
    'packages[0].connections: received 5, expected an object',
  ],
  [
    'a name may occur once',
    {
      packages: [
        { name: 'a', path: 'a' },
        { name: 'a', path: 'b' },
      ],
    },
    'packages[1].name: received "a" a second time, expected each name once',
  ],
  [
    'an unknown dialect names the known ones',
    { packages: [], dialects: ['node-postgress'] },
    'dialects[0]: received "node-postgress", expected a built-in dialect ("infra-delegate", "node-postgres") or a dialect object. Did you mean "node-postgres"?',
  ],
  [
    'a dialect cannot take a built-in name',
    { packages: [], dialects: [{ id: 'node-postgres', receiver: {} }] },
    'dialects[0].id: received "node-postgres", expected an id that no built-in dialect has',
  ],
  [
    'a mistake inside a dialect is named where it is',
    { packages: [], dialects: [{ id: 'x', receiver: {}, acquire: [{ methode: 'open' }] }] },
    'dialects[0].acquire[0].methode: unknown option. Did you mean "method"?',
  ],
  [
    'an empty name is refused',
    { packages: [{ name: '', path: 'a' }] },
    'packages[0].name: received ""; too small: expected string to have >=1 characters',
  ],
  [
    'a release of neither kind is refused',
    { packages: [], dialects: [{ id: 'x', receiver: {}, release: [{ on: 'pool', method: 'm' }] }] },
    'dialects[0].release[0].on: received "pool", expected "receiver" or "connection" or "function"',
  ],
  ['nothing at all is refused', undefined, 'the configuration: received nothing, expected an object'],
])('%s', (_title, config, expected) => {
  expect(problemsOf(config)).toContain(expected)
})

test('every mistake is reported at once', () => {
  expect(problemsOf({ packages: [{ name: 1, path: 2 }], dialect: [] })).toHaveLength(3)
})
