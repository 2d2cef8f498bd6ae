import { components, type Component } from './crossing/components'

/** What `npm run demo -- …` takes. */
export interface DemoOptions {
  /** Where the report goes, relative to the current folder; `undefined`: the default place. */
  readonly reportFile: string | undefined
  /** Smaller numbers, for tests: the same plot, fewer units at each stage. */
  readonly isQuick: boolean
  /** Lets the steps of one component fail after a while: the demo must then fail too. */
  readonly failComponent: Component | undefined
  /** Leave out the two published packages. */
  readonly isWithoutCorpora: boolean
  readonly isHelp: boolean
}

export const usage = `npm run demo -- [options]

  --report FILE   where the HTML report goes (default reports/demo-report.html)
  --quick         fewer units at each stage
  --no-corpora    leave out the two published packages
  --fail NAME     let a component fail on purpose (${components.join(', ')})
  --help          this text
`

/** Wrong arguments; the message says which and what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): DemoOptions {
  let options: DemoOptions = {
    reportFile: undefined,
    isQuick: false,
    failComponent: undefined,
    isWithoutCorpora: false,
    isHelp: false,
  }
  const rest = [...args]
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    switch (name) {
      case '--report':
        options = { ...options, reportFile: valueOf(name, rest.shift()) }
        break
      case '--fail':
        options = { ...options, failComponent: toComponent(valueOf(name, rest.shift())) }
        break
      case '--quick':
        options = { ...options, isQuick: true }
        break
      case '--no-corpora':
        options = { ...options, isWithoutCorpora: true }
        break
      case '--help':
        options = { ...options, isHelp: true }
        break
      default:
        throw new UsageError(
          `unknown option '${name}'; expected --report, --quick, --no-corpora, --fail or --help`,
        )
    }
  }
  return options
}

function valueOf(name: string, value: string | undefined): string {
  if (value === undefined || value.startsWith('--'))
    throw new UsageError(`${name} needs a value, got ${value ?? 'nothing'}`)
  return value
}

function toComponent(value: string): Component {
  const known = components.find((component) => component === value)
  if (known === undefined) throw new UsageError(`--fail '${value}': expected one of ${components.join(', ')}`)
  return known
}
