import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { CodemodError } from '../project/codemod-error'
import type { LoadedSources } from '../project/load-sources'
import type { Knowledge } from './knowledge'
import { loadPackage } from './load-package'
import type { OnPackage, PackageRunner } from './package-runner'
import type { PackageFindings, PackageRequest, RunContext } from './run-package'
import { takeThread } from './spare-thread'
import { fromFailure, withBuffers } from './thread-messages'
import type { ThreadAnswer, ThreadTask } from './thread-messages'

/** From so many files on more threads are faster than what it costs to load the compiler in each of them. */
const filesWorthThreads = 20_000

/**
 * Looks at packages in threads of their own, so that a request to end is heard while they work. Their files are read here, each package's
 * before its turn: while the compiler is loaded, and while a thread is busy with the package before.
 *
 * @param signal ends the threads at once; they write nothing, so nothing is left behind.
 * @param knowledge tells which texts may hold a site.
 */
export function createThreadRunner(
  signal: AbortSignal,
  knowledge: Pick<Knowledge, 'words' | 'mayHoldSite'>,
): PackageRunner {
  return {
    async run(requests, context, { jobs = sensibleJobs(requests), onPackage }) {
      if (requests.length === 0) return []
      const crew = new Crew(requests, context, {
        onPackage,
        load: (request) => loadPackage(request, context, knowledge),
      })
      const stop = (): void => {
        crew.fail(new CodemodError('INTERRUPTED', 'the run was told to end'))
      }
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop)
      try {
        crew.start(Math.max(1, Math.min(jobs, requests.length)))
        return await crew.findings
      } finally {
        signal.removeEventListener('abort', stop)
        await crew.dismiss()
      }
    },
  }
}

function sensibleJobs(requests: readonly PackageRequest[]): number {
  const files = requests.reduce((sum, { discovered }) => sum + discovered.files.length, 0)
  return files < filesWorthThreads ? 1 : Math.min(availableParallelism(), 8)
}

/** The threads of one run. Each gets the next package when it has answered the last one; answers are kept in the order of the requests. */
class Crew {
  readonly findings: Promise<readonly PackageFindings[]>
  private readonly threads: Worker[] = []
  private readonly answers: (PackageFindings | undefined)[] = []
  /** What was read of the package whose turn is next. */
  private ahead: LoadedSources | undefined
  private begun = 0
  private done = 0
  private settle!: (findings: readonly PackageFindings[]) => void
  private reject!: (cause: Error) => void

  constructor(
    private readonly requests: readonly PackageRequest[],
    private readonly context: RunContext,
    private readonly means: {
      readonly onPackage: OnPackage
      readonly load: (request: PackageRequest) => LoadedSources
    },
  ) {
    this.findings = new Promise((resolve, reject) => {
      this.settle = resolve
      this.reject = reject
    })
    // whoever starts the crew awaits this too; a failure before that is no unhandled one
    this.findings.catch(() => undefined)
  }

  start(count: number): void {
    for (let started = 0; started < count; started++) {
      const thread = takeThread()
      thread.on('message', (answer: ThreadAnswer) => {
        this.take(answer, thread)
      })
      thread.on('error', (cause) => {
        this.fail(cause)
      })
      thread.on('exit', () => {
        this.fail(new Error('a thread ended before its work was done'))
      })
      this.threads.push(thread)
      tell(thread, { kind: 'begin', context: this.context })
      this.give(thread)
    }
  }

  fail(cause: Error): void {
    this.reject(cause)
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()))
  }

  private give(thread: Worker): void {
    const position = this.begun
    const request = this.requests[position]
    if (request === undefined) return
    this.begun++
    this.means.onPackage(position, this.requests.length, request.target.name)
    try {
      const loaded = this.ahead ?? this.means.load(request)
      const isLast = this.begun === this.requests.length
      tell(thread, { kind: 'package', position, isLast, request: { ...request, loaded } })
      const next = this.requests[this.begun]
      this.ahead = next && this.means.load(next)
    } catch (cause) {
      this.fail(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }

  private take(answer: ThreadAnswer, thread: Worker): void {
    if (answer.kind === 'failed') {
      this.fail(fromFailure(answer.failure))
      return
    }
    this.answers[answer.position] = withBuffers(answer.findings)
    this.done++
    if (this.done === this.requests.length) this.settle(this.answers.filter((entry) => entry !== undefined))
    else this.give(thread)
  }
}

function tell(thread: Worker, task: ThreadTask): void {
  thread.postMessage(task)
}
