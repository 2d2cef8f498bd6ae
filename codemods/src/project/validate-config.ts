import { z } from 'zod'
import { targetStyles } from '../model/target'
import { CodemodError } from './codemod-error'
import type { PgferryConfig } from './define-config'
import { dialectMistakes, dialectOptionNames, dialectSchema } from './dialect-schema'
import { didYouMean } from './nearest-name'

const text = z.string().min(1)

const importSchema = z.strictObject({ import: text, from: text })
const expressionSchema = z.strictObject({ expression: text })

const packageSchema = z.strictObject({
  name: text,
  path: text,
  component: text.optional(),
  purpose: text.optional(),
  stage: z.enum(['legacy', 'migrated', 'complete']).optional(),
  connections: z
    .union([importSchema, expressionSchema, z.array(z.union([importSchema, expressionSchema])).min(1)])
    .optional(),
  style: z.enum(targetStyles).optional(),
  include: z.array(text).min(1).optional(),
  exclude: z.array(text).optional(),
})

const cleanupSchema = z.strictObject({
  flags: z
    .array(
      z.union([
        z.strictObject({ call: text, argument: text, value: z.boolean() }),
        z.strictObject({ env: text, value: z.boolean() }),
        z.strictObject({ expression: text, value: z.boolean() }),
      ]),
    )
    .optional(),
  entries: z.array(text).optional(),
})

const configSchema = z.strictObject({
  packages: z.array(packageSchema),
  cleanup: cleanupSchema.optional(),
  dialects: z.array(z.union([text, dialectSchema])).optional(),
})

const knownOptions: readonly string[] = [
  ...Object.keys(configSchema.shape),
  ...Object.keys(packageSchema.shape),
  ...dialectOptionNames,
  ...Object.keys(cleanupSchema.shape),
  ...[
    'import',
    'from',
    'expression',
    'types',
    'members',
    'module',
    'method',
    'maxArguments',
    'open',
    'keyArgument',
  ],
  ...['call', 'argument', 'env', 'value'],
  ...['callbackArgument', 'on', 'connectionArgument', 'discardArgument', 'errorArgument'],
]

/**
 * Parses what a configuration file exported. `knownDialects` are the ids of the built-in dialects.
 *
 * @throws CodemodError `CONFIG_INVALID` with one line for each mistake: option, received, expected.
 */
export function validateConfig(
  value: unknown,
  source: string,
  knownDialects: readonly string[],
): PgferryConfig {
  const result = configSchema.safeParse(value, { reportInput: true })
  const problems = result.success
    ? [
        ...repeatedNames(result.data.packages),
        ...hiddenPlaces(result.data.packages),
        ...dialectProblems(result.data.dialects ?? [], knownDialects),
      ]
    : result.error.issues.flatMap((issue) => describeIssue(issue, []))
  if (problems.length > 0) {
    throw new CodemodError('CONFIG_INVALID', `${source} has ${countOf(problems.length, 'mistake')}`, problems)
  }
  // zod types an absent option as `undefined`; after a successful parse the value has exactly the declared shape
  return result.data as PgferryConfig
}

function countOf(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`
}

function repeatedNames(packages: readonly { readonly name: string }[]): string[] {
  return packages.flatMap(({ name }, position) =>
    packages.findIndex((other) => other.name === name) < position
      ? [`packages[${String(position)}].name: received "${name}" a second time, expected each name once`]
      : [],
  )
}

/** What stands behind an import in the list of `connections`: no call site would ever get there. */
function hiddenPlaces(packages: readonly z.infer<typeof packageSchema>[]): string[] {
  return packages.flatMap(({ connections }, position) => {
    if (!Array.isArray(connections)) return []
    const place = connections.findIndex((one) => 'import' in one)
    return place < 0 || place === connections.length - 1
      ? []
      : [
          `packages[${String(position)}].connections[${String(place)}]: received an import in front of others, expected it to be the last: every call site can import`,
        ]
  })
}

function dialectProblems(
  dialects: readonly (string | z.infer<typeof dialectSchema>)[],
  known: readonly string[],
): string[] {
  return dialects.flatMap((dialect, position) => {
    const option = `dialects[${String(position)}]`
    if (typeof dialect === 'string') {
      if (known.includes(dialect)) return []
      const expected = known.map((id) => `"${id}"`).join(', ')
      return [
        `${option}: received "${dialect}", expected a built-in dialect (${expected}) or a dialect object.${didYouMean(dialect, known)}`,
      ]
    }
    const taken = known.includes(dialect.id)
      ? [`${option}.id: received "${dialect.id}", expected an id that no built-in dialect has`]
      : []
    return [...taken, ...dialectMistakes(dialect, option)]
  })
}

type Issue = z.core.$ZodIssue

function describeIssue(issue: Issue, prefix: readonly PropertyKey[]): string[] {
  const path = [...prefix, ...issue.path]
  const option = optionName(path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) =>
        `${optionName([...path, key])}: ${knownOptions.includes(key) ? 'not an option here.' : `unknown option.${didYouMean(key, knownOptions)}`}`,
    )
  }
  if (issue.code === 'invalid_union') return describeUnion(issue, path)
  if (issue.code === 'invalid_type')
    return [`${option}: received ${show(issue.input)}, expected ${withArticle(issue.expected)}`]
  if (issue.code !== 'invalid_value')
    return [`${option}: received ${show(issue.input)}; ${lowerFirst(issue.message)}`]
  const expected = issue.values.map((value) => JSON.stringify(value)).join(' or ')
  const hint = typeof issue.input === 'string' ? didYouMean(issue.input, issue.values.map(String)) : ''
  return [`${option}: received ${show(issue.input)}, expected ${expected}.${hint}`]
}

/** Reports the alternative that the value came nearest to: the one whose first complaint lies deepest. */
function describeUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: readonly PropertyKey[],
): string[] {
  if ('discriminator' in issue && typeof issue.discriminator === 'string') {
    const received = (issue.input as Record<string, unknown> | null | undefined)?.[issue.discriminator]
    const expected = ('options' in issue ? (issue.options ?? []) : []).map((value) => JSON.stringify(value))
    return [`${optionName(path)}: received ${show(received)}, expected ${expected.join(' or ')}`]
  }
  const depthOf = (issues: readonly Issue[]): number =>
    issues[0]?.code === 'invalid_type' ? issues[0].path.length : 1
  const [nearest] = [...issue.errors].sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)
  if (nearest === undefined || nearest.length === 0) {
    return [`${optionName(path)}: received ${show(issue.input)}, expected one of the documented forms`]
  }
  return nearest.flatMap((inner) => describeIssue(inner, path))
}

function optionName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the configuration'
  return path
    .map((key, depth) =>
      typeof key === 'number' ? `[${String(key)}]` : `${depth === 0 ? '' : '.'}${String(key)}`,
    )
    .join('')
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  const shown = JSON.stringify(value) as string | undefined
  if (shown === undefined) return typeof value
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown
}

function withArticle(type: string): string {
  return `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
