import { declaredKnowledge } from '../engine/declared-knowledge'
import { nodeFileOperations } from '../engine/file-operations'
import { isProcessAlive } from '../engine/run-lock'
import { createThreadRunner } from '../engine/thread-runner'
import type { CommandDeps } from './command'

/** What commands of a process of their own work with: packages are looked at in threads, which `signal` ends. */
export function createProcessDeps(signal: AbortSignal): Omit<CommandDeps, 'cwd' | 'onProgress'> {
  return {
    knowledge: declaredKnowledge,
    runner: createThreadRunner(signal, declaredKnowledge),
    files: nodeFileOperations,
    processId: process.pid,
    isProcessAlive,
    now: () => new Date(),
  }
}
