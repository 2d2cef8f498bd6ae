import type { PoolClient } from 'pg'

/** What every call site of the product calls a connection. */
export type DbConnection = PoolClient

/** A connection that gives itself back at the end of an `await using` block. */
export type ScopedDbConnection = DbConnection & AsyncDisposable

/** What classes ask for when they want a pool manager handed in. */
export interface PoolManager {
  getconn(key?: string | number): Promise<DbConnection>
  putconn(conn: DbConnection, key?: string | number, close?: boolean): void | Promise<void>
  connection(): Promise<ScopedDbConnection>
  withConnection<T>(work: (conn: DbConnection) => Promise<T>): Promise<T>
}

/** What classes ask for when they want the infra delegate handed in. */
export interface ConnectionDelegate {
  getDbConnection(): Promise<ScopedDbConnection>
  getDbConnection<T>(work: (conn: DbConnection) => Promise<T>): Promise<T>
  releaseDbConnection(conn: DbConnection): void | Promise<void>
}
