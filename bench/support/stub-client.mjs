import { EventEmitter } from 'node:events'

const emptyResult = Object.freeze({
  command: 'SELECT',
  rowCount: 0,
  oid: 0,
  rows: Object.freeze([]),
  fields: Object.freeze([]),
})

/**
 * A client without a server: it is connected at once and has what a pool looks at. With it a pool's own cost is all that is
 * left to measure.
 */
export class StubClient extends EventEmitter {
  connection = undefined
  readyForQuery = true
  _queryable = true
  _ending = false
  _activeQuery = null
  _queryQueue = []

  connect(callback) {
    if (callback === undefined) return Promise.resolve(this)
    queueMicrotask(callback)
    return undefined
  }

  query(_text, values, callback = values) {
    if (typeof callback !== 'function') return Promise.resolve(emptyResult)
    queueMicrotask(() => callback(undefined, emptyResult))
    return undefined
  }

  end(callback) {
    this._ending = true
    this._queryable = false
    this.emit('end')
    if (callback === undefined) return Promise.resolve()
    queueMicrotask(callback)
    return undefined
  }

  getTransactionStatus() {
    return 'I'
  }

  isConnected() {
    return !this._ending
  }

  ref() {
    // There is no socket.
  }

  unref() {
    // There is no socket.
  }
}

/** The driver port of pgferry over stub clients; it looks at a client as the real one does. */
export const stubDriver = {
  open: () => Promise.resolve(new StubClient()),
  activity(client) {
    if (!client._queryable || client._ending) return 'ended'
    if (client._queryQueue.length > 0 || client._activeQuery !== null) return 'busy'
    return client.readyForQuery ? 'ready' : 'settling'
  },
  transactionState: (client) => (client.getTransactionStatus() === 'I' ? 'none' : 'open'),
  close: (client) => client.end(),
  end: () => Promise.resolve(),
}
