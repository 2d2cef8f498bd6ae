import type { DbConnection } from '../db/types'

const SCHEMA_LOCK = 7_214_001
const SCHEMA_VERSION = 1

const statements = [
  `CREATE TABLE legacy_app.documents (
     id bigserial PRIMARY KEY,
     collection text NOT NULL,
     source text NOT NULL,
     title text NOT NULL,
     body text NOT NULL,
     checksum text NOT NULL,
     status text NOT NULL DEFAULT 'active',
     updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     UNIQUE (collection, source)
   )`,
  `CREATE TABLE legacy_app.chunks (
     id bigserial PRIMARY KEY,
     document_id bigint NOT NULL REFERENCES legacy_app.documents ON DELETE CASCADE,
     ordinal int NOT NULL,
     content text NOT NULL,
     embedding real[] NOT NULL,
     embedded_with text NOT NULL,
     UNIQUE (document_id, ordinal)
   )`,
  `CREATE TABLE legacy_app.embedding_cache (
     collection text NOT NULL,
     checksum text NOT NULL,
     embedding real[] NOT NULL,
     hits int NOT NULL DEFAULT 0,
     PRIMARY KEY (collection, checksum)
   )`,
  `CREATE TABLE legacy_app.settings (
     collection text NOT NULL,
     key text NOT NULL,
     value text NOT NULL,
     PRIMARY KEY (collection, key)
   )`,
  `CREATE TABLE legacy_app.jobs (
     id bigserial PRIMARY KEY,
     collection text NOT NULL,
     kind text NOT NULL,
     payload jsonb NOT NULL DEFAULT '{}',
     state text NOT NULL DEFAULT 'queued',
     attempts int NOT NULL DEFAULT 0
   )`,
  `CREATE INDEX jobs_queued ON legacy_app.jobs (collection, id) WHERE state = 'queued'`,
  `CREATE TABLE legacy_app.audit (
     id bigserial PRIMARY KEY,
     collection text NOT NULL,
     actor text NOT NULL,
     action text NOT NULL,
     at timestamptz NOT NULL DEFAULT clock_timestamp()
   )`,
  `CREATE INDEX audit_collection ON legacy_app.audit (collection, id)`,
  `CREATE TABLE legacy_app.messages (
     id bigserial PRIMARY KEY,
     collection text NOT NULL,
     session text NOT NULL,
     role text NOT NULL,
     content text NOT NULL
   )`,
  `CREATE INDEX messages_session ON legacy_app.messages (collection, session, id)`,
  `CREATE FUNCTION legacy_app.cosine_similarity(a real[], b real[]) RETURNS double precision
     LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
       SELECT coalesce(sum(x::double precision * y) / nullif(sqrt(sum(x::double precision * x)) * sqrt(sum(y::double precision * y)), 0), 0)
       FROM unnest(a, b) AS pair (x, y)
     $$`,
]

/** Brings the schema up to date. Safe to call often and from several processes at once. */
export async function migrateSchema(connection: DbConnection): Promise<void> {
  if (await isCurrent(connection)) return
  await connection.query('BEGIN')
  try {
    await connection.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK])
    if (!(await isCurrent(connection))) {
      await connection.query('CREATE SCHEMA IF NOT EXISTS legacy_app')
      for (const statement of statements) await connection.query(statement)
      await connection.query('CREATE TABLE legacy_app.schema_version (version int PRIMARY KEY)')
      await connection.query('INSERT INTO legacy_app.schema_version VALUES ($1)', [SCHEMA_VERSION])
    }
    await connection.query('COMMIT')
  } catch (error) {
    await connection.query('ROLLBACK')
    throw error
  }
}

async function isCurrent(connection: DbConnection): Promise<boolean> {
  const found = await connection.query<{ exists: boolean }>(
    // Not to_regclass: inside a transaction it answers from a cache that is older than the lock.
    `SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'schema_version'
                    AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'legacy_app')) AS exists`,
  )
  return found.rows[0]?.exists === true
}
