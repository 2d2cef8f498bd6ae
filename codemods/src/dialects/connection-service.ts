import type { Dialect } from '../model/dialect'

/** The API that rewritten sites use. Recognised so that reports show them as `already`, and to check our own results. */
export const connectionService: Dialect = {
  id: 'connection-service',
  receiver: {
    types: [{ name: 'DatabaseConnectionService' }],
    members: ['connection', 'withConnection', 'acquireConnection', 'releaseConnection'],
  },
  acquire: [
    { method: 'connection', maxArguments: 2 },
    { method: 'acquireConnection', maxArguments: 2 },
    // On what pgPool() gives, and on nothing else.
    { method: 'connect', callbackArgument: 0 },
  ],
  release: [
    { on: 'receiver', method: 'releaseConnection', connectionArgument: 0, discardArgument: 1 },
    { on: 'connection', method: 'release', errorArgument: 0 },
  ],
  scoped: [
    { method: 'withConnection', callbackArgument: 1 },
    { method: 'withTransaction', callbackArgument: 1 },
  ],
}
