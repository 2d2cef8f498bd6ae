import type { ClientBase } from 'pg'

interface ConnectByCallback {
  connect(callback: (error?: Error | null) => void): void
}

/**
 * Logs a client in by the form with a callback: a client of the user's own needs no other. `pg` keeps the callback for as long as the
 * client lives, and all that it can see; so this one, which sees nothing else, forgets `done` once it has been called.
 */
export function connectOnce(client: ClientBase, done: (error?: Error | null) => void): void {
  let toTell: typeof done | undefined = done
  ;(client as unknown as ConnectByCallback).connect((error) => {
    const told = toTell
    toTell = undefined
    told?.(error)
  })
}
