import { closeDatabase } from './database'
import { startPortal } from './portal'

/** Runs the portal until SIGINT or SIGTERM; `PORT` says where (default 8080). */
async function main(): Promise<void> {
  const portal = await startPortal(Number(process.env.PORT ?? '8080'))
  console.log(`portal at ${portal.url}`)
  const stop = (): void => {
    void portal.close().then(closeDatabase)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
