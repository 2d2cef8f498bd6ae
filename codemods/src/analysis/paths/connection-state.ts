/**
 * Where a connection is on a path. `lost`: held, but the variable was given another value. `unsure`: a called function may have
 * released it. A path through an escape ends its
 * duty here: somebody else has the connection.
 */
export type ConnectionState = 'unheld' | 'held' | 'released' | 'escaped' | 'lost' | 'unsure'
