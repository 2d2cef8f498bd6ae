import { z } from 'zod'

const text = z.string().min(1)
const index = z.number().int().nonnegative()
const typeNames = z.array(z.strictObject({ name: text, module: text.optional() }))
const isDiscard = z.boolean().optional()

/** A dialect as a team writes it; the fields are those of `Dialect`, lists without entries may be left out. */
export const dialectSchema = z.strictObject({
  id: text,
  receiver: z
    .strictObject({
      types: typeNames.optional(),
      members: z.array(text).optional(),
    })
    .optional(),
  acquire: z
    .array(
      z.strictObject({
        method: text,
        maxArguments: index.optional(),
        isSync: z.boolean().optional(),
        open: text.optional(),
        keyArgument: index.optional(),
        callbackArgument: index.optional(),
      }),
    )
    .optional(),
  release: z
    .array(
      z.discriminatedUnion('on', [
        z.strictObject({
          on: z.literal('receiver'),
          method: text,
          connectionArgument: index,
          discardArgument: index.optional(),
          isDiscard,
        }),
        z.strictObject({
          on: z.literal('connection'),
          method: text,
          errorArgument: index.optional(),
          isDiscard,
        }),
        z.strictObject({
          on: z.literal('function'),
          module: text,
          names: z.array(text).min(1),
          connectionArgument: index.optional(),
          isSync: z.boolean().optional(),
        }),
      ]),
    )
    .optional(),
  scoped: z.array(z.strictObject({ method: text, callbackArgument: index })).optional(),
  handle: z
    .strictObject({
      kind: z.enum(['node-postgres', 'driver', 'made', 'own']),
      types: typeNames.optional(),
    })
    .optional(),
  evidence: z
    .array(
      z.strictObject({
        modules: z.array(text).min(1).optional(),
        uses: z.array(text).min(1).optional(),
        alsoUses: z.array(text).min(1).optional(),
        callbackParameters: index.optional(),
      }),
    )
    .optional(),
})

type ParsedDialect = z.infer<typeof dialectSchema>

/** The names of every option of a dialect, for "did you mean". */
export const dialectOptionNames: readonly string[] = [
  ...Object.keys(dialectSchema.shape),
  ...['types', 'members', 'name', 'module', 'method', 'maxArguments', 'isSync', 'open', 'keyArgument'],
  ...['callbackArgument', 'on', 'connectionArgument', 'discardArgument', 'errorArgument', 'isDiscard'],
  'names',
  ...['kind', 'modules', 'uses', 'alsoUses', 'callbackParameters'],
]

/** What is well formed and cannot work: a dialect that nothing could match, or that takes nothing. */
export function dialectMistakes(dialect: ParsedDialect, option: string): readonly string[] {
  const { receiver = {}, acquire = [], scoped = [], evidence = [] } = dialect
  const rules = dialect.release ?? []
  const release = rules.filter(({ on }) => on !== 'function')
  const problems: string[] = []
  const isOfFunctions = rules.length > 0 && release.length === 0
  if (isOfFunctions && acquire.length + scoped.length === 0) return problems
  const hasReceiver = (receiver.types?.length ?? 0) + (receiver.members?.length ?? 0) > 0
  if (!hasReceiver && evidence.length === 0)
    problems.push(
      `${option}.receiver: received ${JSON.stringify(receiver)}, expected "types" or "members": a method name alone recognises nothing`,
    )
  if (acquire.length + scoped.length === 0)
    problems.push(
      `${option}: received neither "acquire" nor "scoped", expected at least one call that takes a connection`,
    )
  if (acquire.length > 0 && release.length === 0)
    problems.push(`${option}.release: received nothing, expected how a connection is given back`)
  return problems
}
