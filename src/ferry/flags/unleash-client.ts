import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import type * as unleashModule from 'unleash-client'
import type { Unleash } from 'unleash-client'
import { InvalidOptionError } from '../../core/errors'
import { toError } from './to-error'
import type { UnleashFeature, UnleashStrategy, UnleashVariant } from './unleash-feature'

/** What one connection to an Unleash server needs; resolved, nothing optional but what Unleash leaves optional. */
export interface UnleashConnectOptions {
  readonly url: string
  readonly appName: string
  readonly environment: string
  readonly headers: Readonly<Record<string, string>>
  readonly projectName?: string | undefined
  readonly refreshIntervalMs: number
  readonly timeoutMs: number
  /** What this process is, for constraints of a flag: `userId`, `properties` and so on. */
  readonly context: Readonly<Record<string, string>>
}

/** What a connection reports. After `close()` of the connection nothing is reported any more. */
export interface UnleashListeners {
  /** The server sent its flags. */
  readonly answered: (features: readonly UnleashFeature[]) => void
  /** The server says that nothing changed since its last answer: that one, judged anew (constraints may depend on the time). */
  readonly unchanged: (features: readonly UnleashFeature[]) => void
  /** An attempt failed; after a refusal (401, 403) the connection asks no more. */
  readonly failed: (error: Error, isRefusal: boolean) => void
}

export interface UnleashConnection {
  close(): void
}

/** Makes the client start asking, and never throws for what the server does. */
export type ConnectUnleash = (
  options: UnleashConnectOptions,
  listeners: UnleashListeners,
) => UnleashConnection

type UnleashModule = typeof unleashModule

/**
 * Loads the optional peer. Its own types stay inside this file: our declarations must compile where it is not installed.
 *
 * @throws InvalidOptionError that says how to install it when it is missing.
 */
export function loadUnleashClient(load: (name: string) => unknown = createRequire(__filename)): object {
  try {
    return load('unleash-client') as object
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error
    const expected =
      "the optional peer dependency 'unleash-client' (npm install unleash-client@6), or another flag source"
    throw new InvalidOptionError('unleashFlags', undefined, expected)
  }
}

/**
 * Connects by the `unleash-client` package. Nothing of its file backup is used: it lies in the shared temporary
 * directory, knows no environment, and would turn flags on again in a new process.
 */
export const connectUnleash: ConnectUnleash = (options, listeners) => {
  const { Unleash, InMemStorageProvider, Strategy, UnleashEvents } = loadUnleashClient() as UnleashModule
  let isClosed = false
  const client = new Unleash({
    url: options.url,
    appName: options.appName,
    environment: options.environment,
    customHeaders: { ...options.headers },
    ...(options.projectName === undefined ? {} : { projectName: options.projectName }),
    refreshInterval: options.refreshIntervalMs,
    timeout: options.timeoutMs,
    storageProvider: new InMemStorageProvider(),
    disableMetrics: true,
    disableAutoStart: true,
    skipInstanceCountWarning: true,
  })
  const judge = new Strategy('pgferry')
  const fail = (reason: unknown) => {
    if (isClosed) return
    const error = toError(reason)
    listeners.failed(error, / responded 40[13] /.test(error.message))
  }
  const report = (listener: (features: readonly UnleashFeature[]) => void) => () => {
    if (isClosed) return
    let features: readonly UnleashFeature[]
    try {
      features = readFeatures(client, judge, options)
    } catch (error) {
      // An answer so malformed that the client's own judgement trips over it.
      fail(error)
      return
    }
    listener(features)
  }
  // Until 'ready', a moment after the first 'changed', the client answers its fallback instead of judging.
  const answered = report(listeners.answered)
  client.once(UnleashEvents.Ready, () => {
    answered()
    client.on(UnleashEvents.Changed, answered)
  })
  client.on(UnleashEvents.Unchanged, report(listeners.unchanged))
  client.on(UnleashEvents.Error, fail)
  // A 5xx is only a warning to the client.
  client.on(UnleashEvents.Warn, fail)
  client.start().catch(fail)

  return {
    close() {
      isClosed = true
      destroyOnly(Unleash, client)
      // The client takes all listeners off its repository while a request may still be under way. Its failure would be an
      // 'error' event that nobody hears, which ends the process.
      const { repository } = client as unknown as { readonly repository?: EventEmitter }
      repository?.on('error', () => undefined)
    },
  }
}

type Judge = InstanceType<UnleashModule['Strategy']>
type Definition = ReturnType<typeof definitionsOf>[number]
type StrategyDefinition = NonNullable<Definition['strategies']>[number]

const definitionsOf = (client: Unleash) => client.getFeatureToggleDefinitions(true)

/** Ends `client`, and leaves alone the one that the application itself may have by `initialize`, which `destroy` forgets. */
function destroyOnly(shared: object, client: Unleash): void {
  const own = shared as { instance?: unknown; configSignature?: unknown }
  const { instance, configSignature } = own
  client.destroy()
  Object.assign(own, { instance, configSignature })
}

function readFeatures(
  client: Unleash,
  judge: Judge,
  options: UnleashConnectOptions,
): readonly UnleashFeature[] {
  const context = { appName: options.appName, environment: options.environment, ...options.context }
  return definitionsOf(client).map((definition) => ({
    name: definition.name,
    // A server's answer is not what the types promise; the compiler of flags refuses what is malformed.
    isEnabled: definition.enabled,
    strategies: Array.isArray(definition.strategies)
      ? definition.strategies.map((strategy) => readStrategy(strategy, judge, context))
      : undefined,
    variants: readVariants(definition.variants),
    dependencies: (definition.dependencies ?? []).map(({ feature, variants, enabled = true }) => ({
      feature,
      isPlain: enabled && (variants ?? []).length === 0,
      isMet: () =>
        client.isEnabled(feature, context, false) === enabled &&
        (!enabled ||
          (variants ?? []).length === 0 ||
          (variants ?? []).includes(client.getVariant(feature, context).name)),
    })),
    isEnabledHere: () => client.isEnabled(definition.name, context, false),
  }))
}

function readStrategy(
  strategy: Partial<StrategyDefinition>,
  judge: Judge,
  context: Record<string, string>,
): UnleashStrategy {
  const segments = strategy.segments ?? []
  // A segment that the answer does not hold counts as not met, as in the client.
  const constraints = [
    ...(strategy.constraints ?? []),
    ...segments.flatMap((segment) => segment?.constraints ?? [undefined]),
  ]
  return {
    name: strategy.name ?? '',
    parameters: strategy.parameters ?? {},
    isMet: judge.checkConstraints(context, constraints.values()),
    variants: readVariants(strategy.variants),
  }
}

function readVariants(variants: StrategyDefinition['variants']): readonly UnleashVariant[] {
  return (variants ?? []).map(({ name, payload }) => ({ name, payload: payload?.value }))
}
