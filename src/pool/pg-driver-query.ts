import * as pg from 'pg'
import type { CustomTypesConfig, FieldDef, QueryResult, QueryResultRow } from 'pg'
import type { WireValue } from './statement-writer'

/** A statement as a pipeline sends it. */
export interface PipelineStatement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly rowMode?: string | undefined
  readonly types?: CustomTypesConfig | undefined
}

/** Whom a statement's answer goes to. Each sent statement calls exactly one of the two, once, unless its connection is closed. */
export interface AnswerSink {
  /** The server is ready for the next one. `rowError` is what a type parser threw; the result is then useless. */
  onAnswer(query: PipelinedQuery, result: QueryResult, rowError: Error | undefined): void
  /** The server refused it, or the connection was lost. */
  onFailure(query: PipelinedQuery, error: Error): void
}

/** Columns of a statement that the server keeps, so that it need not describe them each time. */
export interface PreparedStatement {
  readonly name: string
  fields?: FieldDef[]
  /** A row with every column null, from which rows are copied. */
  emptyRow?: object
}

/** What pg's own result has beyond its published type. */
interface ResultInternals extends QueryResult {
  _types?: TypeParsers
  _parsers?: unknown[]
  _prebuiltEmptyResultObject?: object | null
  addFields(fields: FieldDef[]): void
  addCommandComplete(message: object): void
  parseRow(values: readonly (string | null)[]): QueryResultRow
}

interface TypeParsers {
  getTypeParser(oid: number, format: string): unknown
}

type ResultClass = new (rowMode: string | undefined, types: TypeParsers) => ResultInternals

/**
 * One statement in a pipeline, as `pg.Client` wants it: it is `instanceof pg.Query`, answers as one and makes pg's own results,
 * but sends nothing itself (its bytes wait in the pipeline's buffer) and costs less.
 */
export class PipelinedQuery {
  /** Its bytes have been given to the socket; until then it certainly did not run. */
  isSent = false
  #result: ResultInternals | undefined
  #rowError: Error | undefined

  constructor(
    private readonly statement: PipelineStatement,
    private readonly clientTypes: TypeParsers,
    private readonly sink: AnswerSink,
    readonly prepared: PreparedStatement | undefined,
  ) {}

  /** Called by `pg` when the statement's turn to be sent has come; the pipeline writes it at the end of this turn. */
  submit(): null {
    return null
  }

  handleRowDescription({ fields }: { fields: FieldDef[] }): void {
    const result = this.#newResult()
    result.addFields(fields)
    this.#result = result
    if (this.prepared === undefined) return
    this.prepared.fields = fields.slice()
    this.prepared.emptyRow = result._prebuiltEmptyResultObject ?? {}
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (this.#rowError !== undefined) return
    this.#result ??= this.#knownResult()
    try {
      this.#result.rows.push(this.#result.parseRow(fields))
    } catch (error) {
      this.#rowError = error as Error
    }
  }

  handleCommandComplete(message: object): void {
    this.#result ??= this.#knownResult()
    this.#result.addCommandComplete(message)
  }

  handleReadyForQuery(): void {
    this.sink.onAnswer(this, this.#result ?? this.#knownResult(), this.#rowError)
  }

  handleError(error: Error): void {
    // As in pg: a row that could not be parsed came first.
    if (this.#rowError !== undefined && isServerError(error)) this.handleReadyForQuery()
    else this.sink.onFailure(this, error)
  }

  handleEmptyQuery(): void {
    // Its result stays without a command, as pg's does.
  }

  handlePortalSuspended(): void {
    // Only statements with a row limit have this, and those are not sent here.
  }

  #newResult(): ResultInternals {
    const Result = pg.Result as unknown as ResultClass
    const { rowMode, types } = this.statement
    return new Result(rowMode, (types as TypeParsers | undefined) ?? this.clientTypes)
  }

  /** The columns are those of the first time. The type parsers are asked for anew: somebody may have set others meanwhile. */
  #knownResult(): ResultInternals {
    const result = this.#newResult()
    const { fields, emptyRow } = this.prepared ?? {}
    if (fields === undefined || emptyRow === undefined) return result
    const types = (this.statement.types as TypeParsers | undefined) ?? this.clientTypes
    result.fields = fields.slice()
    result._parsers = fields.map(({ dataTypeID, format }) => types.getTypeParser(dataTypeID, format))
    result._prebuiltEmptyResultObject = emptyRow
    return result
  }
}
// In the way of `extends`, without running the constructor of pg's class: pg refuses in a pipeline whatever is no `Query` of its own.
Object.setPrototypeOf(PipelinedQuery.prototype, pg.Query.prototype)

/** Whether `error` is the server's answer to a statement, not the loss of a connection. */
export function isServerError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && typeof error.code === 'string'
}

const { prepareValue } = (pg as unknown as { utils: { prepareValue: (value: unknown) => WireValue } }).utils

/** Converts a value as pg does: dates, arrays, objects, `toPostgres`. */
export function toWireValue(value: unknown): WireValue {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  return prepareValue(value)
}
