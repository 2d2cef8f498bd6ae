/** The class that libraries test for with `instanceof`. */
export { Pool as PgPool } from 'pg'
