import type { Notification, Pool, PoolClient } from 'pg'
import { DOCUMENT_CHANNEL } from './handlers/upload'

const KEPT_EVENTS = 500
const RETRY_PAUSE_MS = 200

interface DocumentEvent {
  readonly collection: string
  readonly source: string
}

/** Hears of uploads, whichever process took them. Keeps one connection for as long as it listens. */
export class DocumentEvents {
  private readonly pool: Pool
  private readonly events: DocumentEvent[] = []
  private client: PoolClient | undefined
  private isStopped = false

  constructor(pool: Pool) {
    this.pool = pool
  }

  /** Listens, and tries again until it does. */
  async start(): Promise<void> {
    while (!this.isStopped) {
      try {
        this.client = await this.pool.connect()
        this.client.on('notification', this.onNotification)
        this.client.on('error', this.onError)
        await this.client.query(`LISTEN ${DOCUMENT_CHANNEL}`)
        return
      } catch (error) {
        console.error(`cannot listen for uploads: ${String(error)}`)
        this.drop(true)
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS))
      }
    }
  }

  /** Sources uploaded to a collection lately, oldest first. */
  uploadedTo(collection: string): string[] {
    return this.events.filter((event) => event.collection === collection).map((event) => event.source)
  }

  async stop(): Promise<void> {
    this.isStopped = true
    await this.client?.query(`UNLISTEN ${DOCUMENT_CHANNEL}`)
    this.drop(false)
  }

  private readonly onNotification = (notification: Notification): void => {
    if (notification.channel !== DOCUMENT_CHANNEL || notification.payload === undefined) return
    this.events.push(JSON.parse(notification.payload) as DocumentEvent)
    if (this.events.length > KEPT_EVENTS) this.events.shift()
  }

  private readonly onError = (error: Error): void => {
    console.error(`listening for uploads was interrupted: ${error.message}`)
    this.drop(true)
    void this.start()
  }

  private drop(isBroken: boolean): void {
    const client = this.client
    if (client === undefined) return
    this.client = undefined
    client.off('notification', this.onNotification)
    client.off('error', this.onError)
    client.release(isBroken)
  }
}
