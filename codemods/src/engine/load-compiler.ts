import { createRequire } from 'node:module'
import { requireKept } from '../project/kept-script'

/** The first import of a thread: whatever imports the compiler after it finds it loaded. */
export const keepCompiler = requireKept(createRequire(__filename).resolve('typescript'))
