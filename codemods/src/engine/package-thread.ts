import { parentPort, workerData } from 'node:worker_threads'
import { DeclarationCache } from '../project/declaration-cache'
import { builtinKnowledge } from './builtin-knowledge'
import { createCollector } from './collect-garbage'
import { runPackage } from './run-package'
import { toFailure } from './thread-messages'
import type { ThreadAnswer, ThreadData, ThreadTask } from './thread-messages'

// The entry of a thread: it answers each package that it is given, one after the other, and knows nothing of the others.
const { context } = workerData as ThreadData
const relieve = createCollector()
const means = { knowledge: builtinKnowledge, declarations: new DeclarationCache(), relieve }

parentPort?.on('message', ({ position, request }: ThreadTask) => {
  parentPort?.postMessage(answer(position, request))
  relieve()
})

function answer(position: number, request: ThreadTask['request']): ThreadAnswer {
  try {
    return { kind: 'done', position, findings: runPackage(request, context, means) }
  } catch (cause) {
    return { kind: 'failed', position, failure: toFailure(cause) }
  }
}
