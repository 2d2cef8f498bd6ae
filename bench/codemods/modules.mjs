// Modules of everyday code, none of which takes a database connection; some have the words that would make a careless tool look closer.

const header = ({ imports, neighbour }) =>
  [
    ...imports.map(({ file, exported }) => `import { ${exported} } from '../${file}.js'`),
    ...(neighbour === undefined ? [] : [`import { packageName as neighbourName } from '@acme/${neighbour}'`]),
  ].join('\n')

const used = ({ imports, neighbour }) =>
  [
    ...imports.map(({ exported }) => `void ${exported}`),
    ...(neighbour === undefined ? [] : ['void neighbourName']),
  ].join('\n')

/** As many pieces as come near the wanted length. */
function repeat({ targetLines, random }, linesEach, piece) {
  const count = Math.max(1, Math.round(((targetLines - 12) * (0.4 + 1.2 * random())) / linesEach))
  return Array.from({ length: count }, (_, index) => piece(index)).join('\n')
}

const fieldTypes = [
  'string',
  'number',
  'boolean',
  'Date',
  'readonly string[]',
  'string | null',
  'Record<string, number>',
]

function typesModule(context) {
  const { number, random } = context
  const pieces = repeat(context, 22, (index) => {
    const id = `${number}_${index}`
    const fields = Array.from(
      { length: 7 },
      (_, field) => `  readonly field${field}: ${fieldTypes[Math.floor(random() * fieldTypes.length)]}`,
    )
    return `export interface Entity${id} {
${fields.join('\n')}
}

export type Entity${id}Patch = Partial<Omit<Entity${id}, 'field0'>> & { readonly version: number }

export type Entity${id}Event =
  | { readonly kind: 'created'; readonly entity: Entity${id} }
  | { readonly kind: 'changed'; readonly patch: Entity${id}Patch }
  | { readonly kind: 'removed'; readonly reason?: string }

export function apply${id}(entity: Entity${id}, event: Entity${id}Event): Entity${id} | undefined {
  switch (event.kind) {
    case 'created':
      return event.entity
    case 'changed':
      return { ...entity, ...event.patch }
    case 'removed':
      return undefined
  }
}
`
  })
  return { exported: `apply${number}_0`, text: `${header(context)}\n\n${pieces}\n${used(context)}\n` }
}

function serviceModule(context) {
  const { number } = context
  const methods = repeat(
    context,
    26,
    (index) => `
  /** Adds up what is open for one owner, newest first, and remembers the answer for a while. */
  async summarise${index}(owner: string, limit = ${10 + index}): Promise<ReadonlyMap<string, number>> {
    const known = this.#cache.get(\`\${owner}:${index}\`)
    if (known !== undefined && known.validUntil > this.clock()) return known.value
    const entries = await this.source.list(owner)
    const open = entries
      .filter((entry) => entry.state !== 'closed' && entry.amount > ${index})
      .sort((left, right) => right.at - left.at)
      .slice(0, limit)
    const totals = new Map<string, number>()
    for (const { label, amount } of open) {
      totals.set(label, (totals.get(label) ?? 0) + amount)
    }
    if (totals.size === 0) {
      this.log(\`nothing is open for \${owner}\`)
    }
    try {
      await this.source.touch(owner, open.map(({ label }) => label))
    } catch (error) {
      this.log(error instanceof Error ? error.message : String(error))
    }
    this.#cache.set(\`\${owner}:${index}\`, { value: totals, validUntil: this.clock() + 60_000 })
    return totals
  }
`,
  )
  return {
    exported: `Service${number}`,
    text: `${header(context)}

interface Entry${number} {
  readonly label: string
  readonly amount: number
  readonly at: number
  readonly state: 'open' | 'held' | 'closed'
}

interface Source${number} {
  list(owner: string): Promise<readonly Entry${number}[]>
  touch(owner: string, labels: readonly string[]): Promise<void>
}

export class Service${number} {
  readonly #cache = new Map<string, { readonly value: ReadonlyMap<string, number>; readonly validUntil: number }>()

  constructor(
    private readonly source: Source${number},
    private readonly clock: () => number,
    private readonly log: (line: string) => void,
  ) {}
${methods}}
${used(context)}
`,
  }
}

/** Functions that any file may have, and as many lines of them as come near the wanted length. */
export function helpers(context) {
  return repeat(context, 30, (index) => helper(`${context.number}_${index}`, index))
}

function helper(id, index) {
  return `export function groupBy${id}<T, K extends string | number>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

export const parse${id} = (text: string): { readonly [name: string]: string } => {
  const result: Record<string, string> = {}
  for (const line of text.split(/\\r?\\n/)) {
    const [, name, value] = /^\\s*([\\w.-]+)\\s*=\\s*(.*?)\\s*$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) result[name] = value.replace(/^"(.*)"$/, '$1')
  }
  return result
}

export async function retry${id}<T>(work: (attempt: number) => Promise<T>, attempts = ${2 + (index % 4)}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt >= attempts) throw error
    }
  }
}
`
}

function helpersModule(context) {
  const { number } = context
  const pieces = helpers(context)
  return { exported: `groupBy${number}_0`, text: `${header(context)}\n\n${pieces}\n${used(context)}\n` }
}

function tableModule(context) {
  const { number, random } = context
  const rows = repeat(
    context,
    1,
    (index) =>
      `  { code: 'c${number}-${index}', rate: ${(random() * 100).toFixed(2)}, tags: ['t${index % 7}', 't${index % 5}'], active: ${random() > 0.5} },`,
  )
  return {
    exported: `table${number}`,
    text: `${header(context)}

/** Rates by code, as agreed with the office; reviewed once a year. */
export const table${number}: readonly Rate${number}[] = [
${rows}
]

interface Rate${number} {
  readonly code: string
  readonly rate: number
  readonly tags: readonly string[]
  readonly active: boolean
}

export const rateOf${number} = (code: string): number =>
  table${number}.find((row) => row.code === code)?.rate ?? 0
${used(context)}
`,
  }
}

/** Sockets, locks and streams: they connect and release as well, and are none of our business. */
function falseFriendModule(context) {
  const { number } = context
  const pieces = repeat(context, 24, (index) => {
    const id = `${number}_${index}`
    return `class Lock${id} {
  #tail: Promise<void> = Promise.resolve()

  async acquire(): Promise<{ release(): void }> {
    const before = this.#tail
    let open: () => void = () => undefined
    this.#tail = new Promise((resolve) => (open = resolve))
    await before
    return { release: () => open() }
  }
}

export async function send${id}(host: string, lines: readonly string[]): Promise<number> {
  const pass = await new Lock${id}().acquire()
  const socket = createConnection({ host, port: 7000 })
  try {
    socket.connect(7000, host)
    for (const line of lines) socket.write(line)
    return socket.bytesWritten
  } finally {
    pass.release()
  }
}
`
  })
  return {
    exported: `send${number}_0`,
    text: `import { createConnection } from 'node:net'\n${header(context)}\n\n${pieces}\n${used(context)}\n`,
  }
}

const everyday = [typesModule, serviceModule, serviceModule, helpersModule, tableModule]
export const modules = [...everyday, ...everyday, ...everyday, ...everyday, falseFriendModule]
