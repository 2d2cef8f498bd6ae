// One contender in a process of its own: `fork(contender-process.mjs, [module, name])`. Each message is a load; the answer is its sample.
import { measureLoops } from '../harness.mjs'

const [, , module, name] = process.argv
const { contenders } = await import(module)
const contender = contenders[name]()

process.on('message', async (load) => {
  process.send(await measureLoops(contender, load))
})
process.send('ready')
