import { runInThisContext } from 'node:vm'

/** Jest gives tests a copy of `process` that hears nothing; this is the one that does. */
const realProcess = runInThisContext('process') as NodeJS.Process

/** Hears what would have ended the process of a user. */
export interface ProcessWatch {
  readonly failures: readonly string[]
  stop(): void
}

export function watchProcess(): ProcessWatch {
  const failures: string[] = []
  const onRejection = (reason: unknown): void => {
    failures.push(`unhandled rejection: ${String(reason)}`)
  }
  const onException = (error: unknown): void => {
    failures.push(`uncaught exception: ${String(error)}`)
  }
  realProcess.on('unhandledRejection', onRejection)
  realProcess.on('uncaughtException', onException)
  return {
    failures,
    stop() {
      realProcess.off('unhandledRejection', onRejection)
      realProcess.off('uncaughtException', onException)
    },
  }
}
