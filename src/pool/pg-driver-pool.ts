/** The classes that libraries test for with `instanceof`. */
export { Pool as PgPool, Query as PgQuery } from 'pg'
