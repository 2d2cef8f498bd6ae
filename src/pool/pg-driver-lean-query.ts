import { EventEmitter } from 'node:events'
import * as pg from 'pg'
import type { ClientBase, FieldDef, QueryConfig } from 'pg'
import { throwWithStack } from '../core/reject-with'

type Method = (this: unknown, ...args: unknown[]) => unknown
type QueryCallback = (error: Error | null, result?: unknown) => void

/** All that `pg` reads of a query config. */
interface FullConfig extends QueryConfig {
  readonly rows?: number
  readonly queryMode?: string
  readonly binary?: boolean
  readonly portal?: string
  readonly callback?: QueryCallback
  readonly rowMode?: string
  readonly query_timeout?: number
}

interface TypeParsers {
  getTypeParser(oid: number, format: string): unknown
}

/** What pg's own result has beyond its published type. */
interface ResultInternals extends pg.QueryResult {
  readonly _types: TypeParsers
  _parsers: unknown[] | undefined
  _prebuiltEmptyResultObject: object
  addFields(fields: FieldDef[]): void
  parseRow(values: readonly (string | null)[]): pg.QueryResultRow
}

interface ClientInternals {
  readonly [kind]: { readonly query: Method }
  readonly _Promise?: unknown
}

/** Where a client keeps its prototype: `this` may be something that inherits from the client. */
const kind = Symbol('pgferry.kind')

const Result = pg.Result as unknown as {
  new (rowMode: string | undefined, types: unknown): ResultInternals
  readonly prototype: Record<'addFields' | 'addRow', Method>
}
const stockClient = pg.Client.prototype as unknown as { readonly query: Method }
const stockQuery = pg.Query.prototype as unknown as Record<
  'handleRowDescription' | 'handleDataRow' | '_checkForMultirow',
  Method
>
const { query: sendStock } = stockClient
const { handleRowDescription, handleDataRow } = stockQuery
const { addFields, addRow } = Result.prototype
type Normalize = (text: unknown, values: unknown, callback: unknown) => FullConfig
const { normalizeQueryConfig } = (pg as unknown as { utils: { normalizeQueryConfig: Normalize } }).utils

/** Whether nobody has put a function of his own where ours would pass it. Asked for each query. */
function isStock(): boolean {
  return (
    stockQuery.handleRowDescription === handleRowDescription &&
    stockQuery.handleDataRow === handleDataRow &&
    Result.prototype.addFields === addFields &&
    Result.prototype.addRow === addRow
  )
}

/**
 * A query as `pg` makes it from a text or a config: it sends the same bytes, is `instanceof pg.Query` and makes pg's own results, but
 * is no event emitter and builds rows from a plain object. About a fifth of what a short statement costs its process is saved.
 */
class LeanQuery {
  readonly text: unknown
  readonly values: unknown
  readonly rows: unknown
  readonly types: unknown
  readonly name: unknown
  readonly queryMode: unknown
  binary: unknown
  readonly portal: unknown
  callback: QueryCallback | undefined
  readonly query_timeout: unknown
  readonly _rowMode: string | undefined
  _result: ResultInternals
  _results: unknown
  _canceledDueToError: unknown = false

  constructor(config: FullConfig) {
    this.text = config.text
    this.values = config.values
    this.rows = config.rows
    this.types = config.types
    this.name = config.name
    this.queryMode = config.queryMode
    this.binary = config.binary
    this.portal = config.portal ?? ''
    this.callback = config.callback
    this.query_timeout = config.query_timeout
    this._rowMode = config.rowMode
    this._result = new Result(config.rowMode, config.types)
    this._results = this._result
  }

  handleRowDescription({ fields }: { readonly fields: FieldDef[] }): void {
    stockQuery._checkForMultirow.call(this)
    describeRows(this._result, fields)
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this._canceledDueToError) return
    try {
      this._result.rows.push(this._result.parseRow(fields))
    } catch (error) {
      this._canceledDueToError = error
    }
  }
}
// In the way of `extends`, without running the constructors of pg's class and of node's emitter.
Object.setPrototypeOf(LeanQuery.prototype, pg.Query.prototype)

const isUsable = isWrittenByPg() && hasKnownFields()

/** A method that a class was written with has no `prototype`; what instrumentation puts in its place has. */
function isWrittenByPg(): boolean {
  const methods: readonly unknown[] = [sendStock, handleRowDescription, handleDataRow, addFields, addRow]
  return methods.every((method) => typeof method === 'function' && !Object.hasOwn(method, 'prototype'))
}

/** A later `pg` whose queries have fields that are not known here keeps its own. */
function hasKnownFields(): boolean {
  const known = new Set([new LeanQuery({ text: '' }), new EventEmitter()].flatMap((one) => Object.keys(one)))
  return Object.keys(new pg.Query('')).every((name) => known.has(name))
}

/** As `addFields` of pg's result; its row begins as an object without prototype, which the engine keeps as a table. */
function describeRows(result: ResultInternals, fields: FieldDef[]): void {
  const { _types: types } = result
  const emptyRow: Record<string, null> = {}
  const parsers = new Array<unknown>(fields.length)
  for (let index = 0; index < fields.length; index++) {
    const { name, dataTypeID, format } = fields[index] as FieldDef
    if (name === '__proto__') {
      result.addFields(fields)
      return
    }
    emptyRow[name] = null
    parsers[index] = types.getTypeParser(dataTypeID, format || 'text')
  }
  result.fields = fields
  if (fields.length > 0) result._parsers = parsers
  result._prebuiltEmptyResultObject = emptyRow
}

/**
 * Has a client of `pg` make its queries with less work. Cursors and the like send themselves as ever; what others put into the
 * prototypes of `pg` is passed, whenever they do. A client of another kind is left as it is.
 */
export function useLeanQueries(client: ClientBase): void {
  const prototype = Object.getPrototypeOf(client) as { readonly query?: unknown }
  if (!isUsable || prototype.query !== sendStock || Object.hasOwn(client, 'query')) return
  Object.defineProperty(client, kind, { value: prototype })
  Object.defineProperty(client, 'query', { value: query, writable: true, configurable: true })
}

// `pg` takes three; a rest parameter would cost each query an array.
function query(this: ClientInternals, text: unknown, values: unknown, callback: unknown): unknown {
  const send = this[kind].query
  if (send === sendStock && this._Promise === Promise && isPlain(text) && isStock()) {
    const lean = new LeanQuery(normalizeQueryConfig(text, values, callback))
    if (!lean.callback) return answerOf(lean, this)
    if (typeof lean.callback === 'function' && !isInDomain()) {
      send.call(this, lean)
      return undefined
    }
  }
  // No more than was given: who instruments `pg` looks for the callback at the end.
  if (callback !== undefined) return send.call(this, text, values, callback)
  return values === undefined ? send.call(this, text) : send.call(this, text, values)
}

/** A text or a query config; not what sends itself. */
function isPlain(text: unknown): boolean {
  if (typeof text !== 'object') return typeof text === 'string'
  return text !== null && typeof (text as { readonly submit?: unknown }).submit !== 'function'
}

function isInDomain(): boolean {
  return Boolean((process as { readonly domain?: unknown }).domain)
}

function answerOf(lean: LeanQuery, client: ClientInternals): Promise<unknown> {
  const answer = new Promise((resolve, reject) => {
    lean.callback = (error, result) => {
      if (error) reject(error)
      else resolve(result)
    }
  })
  sendStock.call(client, lean)
  return answer.catch(throwWithStack)
}
