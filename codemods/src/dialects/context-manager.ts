import type { Dialect } from '../model/dialect'

/** `manager.withConnection(async (conn) => …)` and the handle that `manager.connection()` gives. */
export const contextManager: Dialect = {
  id: 'context-manager',
  receiver: { types: [{ name: 'ResilientPoolManager' }], members: ['withConnection'] },
  acquire: [{ method: 'connection' }],
  release: [
    { on: 'connection', method: 'release', errorArgument: 0 },
    { on: 'connection', method: 'close', errorArgument: 0 },
  ],
  scoped: [{ method: 'withConnection', callbackArgument: 0 }],
}
