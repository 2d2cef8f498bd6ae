// Before all that needs the compiler.
import { keepCompiler } from './load-compiler'
import { parentPort } from 'node:worker_threads'
import { DeclarationCache } from '../project/declaration-cache'
import { builtinKnowledge } from './builtin-knowledge'
import { createCollector } from './collect-garbage'
import { runPackage } from './run-package'
import type { PackageRequest, RunContext } from './run-package'
import { toFailure } from './thread-messages'
import type { ThreadAnswer, ThreadTask } from './thread-messages'

// The entry of a thread: it answers each package that it is given, one after the other, and knows nothing of the others.
const relieve = createCollector()
const means = { knowledge: builtinKnowledge, declarations: new DeclarationCache(), relieve }
let context: RunContext | undefined

parentPort?.on('message', (task: ThreadTask) => {
  if (task.kind === 'begin') {
    context = task.context
    return
  }
  const found = answer(task.position, task.request)
  // Now, because nobody waits for a thread once its last answer is there.
  if (task.isLast) keepCompiler()
  parentPort?.postMessage(found)
  relieve()
})

function answer(position: number, request: PackageRequest): ThreadAnswer {
  try {
    if (context === undefined) throw new Error('a package came before the run had begun')
    return { kind: 'done', position, findings: runPackage(request, context, means) }
  } catch (cause) {
    return { kind: 'failed', position, failure: toFailure(cause) }
  }
}
