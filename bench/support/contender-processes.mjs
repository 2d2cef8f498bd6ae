import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { rounds, takeTurns } from '../harness.mjs'

// How well the compiler does, and where things come to lie, differs from process to process by a tenth: it takes several.
const generations = 4
const warmUps = 20
const script = fileURLToPath(new URL('contender-process.mjs', import.meta.url))

/**
 * Measures one load with all contenders of a module, turn by turn, in processes that have done nothing else: code that was compiled for
 * another load would be measured with it.
 *
 * @returns samples by contender's name, as `takeTurns` has them
 */
export async function takeProcessTurns(module, names, load) {
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (let generation = 0; generation < generations; generation++) {
    const { measures, close } = await startContenders(module, names)
    const taken = await takeTurns(measures, (measure) => measure(load), { count: rounds * 2, warmUps })
    close()
    for (const name of names) samples[name].push(...taken[name])
  }
  return samples
}

/**
 * Starts a process for each contender of a module, so that none lives with the costs of another: whoever uses
 * `AsyncLocalStorage` makes every promise of its process dearer, and a function that has seen many kinds of objects is slow for all.
 *
 * @returns by name, a function that measures a load there; `close()` ends them
 */
async function startContenders(module, names) {
  const children = new Map()
  for (const name of names) {
    const child = fork(script, [module, name], { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] })
    await answerOf(child, name)
    children.set(name, child)
  }
  const measures = Object.fromEntries(
    [...children].map(([name, child]) => [
      name,
      (load) => {
        child.send(load)
        return answerOf(child, name)
      },
    ]),
  )
  const close = () => {
    for (const child of children.values()) child.kill()
  }
  return { measures, close }
}

async function answerOf(child, name) {
  const gone = new AbortController()
  const exited = once(child, 'exit', { signal: gone.signal }).then(([status]) => {
    throw new Error(`the process of ${name} ended with ${status}`)
  })
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal: gone.signal }), exited])
    return answer
  } finally {
    exited.catch(() => undefined)
    gone.abort()
  }
}
