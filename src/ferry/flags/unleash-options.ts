import { InvalidOptionError } from '../../core/errors'
import { checkOptions, isDurationMs, isObject, isString, type OptionRule } from '../../core/options'
import { toShares, type FlagValues } from './flag-values'
import type { UnleashConnectOptions } from './unleash-client'

export interface UnleashFlagOptions {
  /** The server's API, as `http://127.0.0.1:4242/api/`. */
  readonly url: string
  readonly appName: string
  /** A backend (client) token. Either this or `customHeaders`. */
  readonly token?: string | undefined
  /** Headers of each request instead of `token`, for a proxy in between. */
  readonly customHeaders?: Readonly<Record<string, string>> | undefined
  /** For constraints, and the mark of `lastKnownFile`; the server goes by the token. Default: the token's, else `default`. */
  readonly environment?: string | undefined
  readonly projectName?: string | undefined
  /** How often the server is asked, in ms, 50 or more. A server's own revision moves every 1000 ms. Default 1000. */
  readonly refreshIntervalMs?: number | undefined
  /** How long one request may take, in ms, 1000 or more (the client breaks below). Default 2000. */
  readonly timeoutMs?: number | undefined
  /** Which components to look for. Default: each that has a flag. */
  readonly components?: readonly string[] | undefined
  /** What this process is, for constraints of flags: `userId`, `sessionId`, or properties by name. */
  readonly context?: Readonly<Record<string, string>> | undefined
  /** Flags to begin with until the server answers; the source counts as `starting` meanwhile. */
  readonly bootstrap?: FlagValues | undefined
  /** Where to keep the last known flags for the next start. Default: nowhere. Never holds the token. */
  readonly lastKnownFile?: string | undefined
  /** Last known flags older than this are not used, in ms. Default one day. */
  readonly lastKnownMaxAgeMs?: number | undefined
}

export const defaultUnleashFlagOptions = {
  refreshIntervalMs: 1_000,
  timeoutMs: 2_000,
  lastKnownMaxAgeMs: 86_400_000,
} as const

/** Options with every default filled in. */
export interface ResolvedUnleashOptions {
  readonly connect: UnleashConnectOptions
  readonly components: readonly string[] | undefined
  readonly bootstrap: FlagValues | undefined
  readonly lastKnownFile: string | undefined
  readonly lastKnownMaxAgeMs: number
  /** Words that must not show up in any message. */
  readonly secrets: readonly string[]
}

const isHttpUrl: OptionRule = (value) =>
  (typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) ||
  'an http or https URL such as http://127.0.0.1:4242/api/'
const isStringTable: OptionRule = (value) =>
  (isObject(value) === true && Object.values(value as object).every((entry) => typeof entry === 'string')) ||
  'an object of strings'
const isNameList: OptionRule = (value) =>
  (Array.isArray(value) && value.every((name) => isString(name) === true)) || 'an array of component names'

const rules: Readonly<Record<keyof UnleashFlagOptions, OptionRule>> = {
  url: isHttpUrl,
  appName: isString,
  token: isString,
  customHeaders: isStringTable,
  environment: isString,
  projectName: isString,
  refreshIntervalMs: isDurationMs(50),
  timeoutMs: isDurationMs(1_000),
  components: isNameList,
  context: isStringTable,
  bootstrap: isObject,
  lastKnownFile: isString,
  lastKnownMaxAgeMs: isDurationMs(),
}

/** @throws InvalidOptionError naming the option; a token is never spelled out. */
export function resolveUnleashOptions(options: UnleashFlagOptions): ResolvedUnleashOptions {
  checkOptions('unleashFlags', options, rules)
  requireOption('url', options.url, 'an http or https URL')
  requireOption('appName', options.appName, 'a name for this application')
  if ((options.token === undefined) === (options.customHeaders === undefined)) {
    throw new InvalidOptionError('unleashFlags.token', hidden(options.token), 'either token or customHeaders')
  }
  const headers = options.customHeaders ?? { Authorization: options.token ?? '' }
  return Object.freeze({
    connect: Object.freeze({
      url: options.url,
      appName: options.appName,
      environment: options.environment ?? environmentOf(options.token) ?? 'default',
      headers,
      projectName: options.projectName,
      refreshIntervalMs: options.refreshIntervalMs ?? defaultUnleashFlagOptions.refreshIntervalMs,
      timeoutMs: options.timeoutMs ?? defaultUnleashFlagOptions.timeoutMs,
      context: options.context ?? {},
    }),
    components: options.components,
    bootstrap: options.bootstrap === undefined ? undefined : checkBootstrap(options.bootstrap),
    lastKnownFile: options.lastKnownFile,
    lastKnownMaxAgeMs: options.lastKnownMaxAgeMs ?? defaultUnleashFlagOptions.lastKnownMaxAgeMs,
    secrets: secretsOf(options.url, headers),
  })
}

/** `error` as it may be shown: message and code only, without headers' values, without a URL's user and password. */
export function withoutSecrets(error: Error, secrets: readonly string[]): Error {
  const message = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), error.message)
  const shown = new Error(message)
  return 'code' in error ? Object.assign(shown, { code: error.code }) : shown
}

function requireOption(name: string, value: unknown, expected: string): void {
  if (value === undefined) throw new InvalidOptionError(`unleashFlags.${name}`, value, expected)
}

/** Tokens read `project:environment.secret`. */
function environmentOf(token: string | undefined): string | undefined {
  return token === undefined ? undefined : /^[^:]*:([^.]+)\./.exec(token)?.[1]
}

function hidden(token: string | undefined): string | undefined {
  return token === undefined ? undefined : 'both'
}

function checkBootstrap({ enabled, shares = {}, shadows = {} }: FlagValues): FlagValues {
  return {
    enabled,
    shares: toShares('unleashFlags.bootstrap.shares', shares),
    shadows: toShares('unleashFlags.bootstrap.shadows', shadows),
  }
}

function secretsOf(url: string, headers: Readonly<Record<string, string>>): readonly string[] {
  const { username, password } = new URL(url)
  const userInfo = username === '' && password === '' ? [] : [`${username}:${password}`, password]
  return [...Object.values(headers), ...userInfo].filter((secret) => secret.length > 3)
}
