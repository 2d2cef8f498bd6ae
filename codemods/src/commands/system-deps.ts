import { builtinKnowledge } from '../engine/builtin-knowledge'
import { nodeFileOperations } from '../engine/file-operations'
import { isProcessAlive } from '../engine/run-lock'
import type { CommandDeps } from './command'

/** What commands work with outside tests: this machine, this process, the built-in dialects. */
export function createSystemDeps(): Omit<CommandDeps, 'cwd' | 'onProgress'> {
  return {
    knowledge: builtinKnowledge,
    files: nodeFileOperations,
    processId: process.pid,
    isProcessAlive,
    now: () => new Date(),
  }
}
