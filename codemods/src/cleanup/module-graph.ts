import { dirname, resolve } from 'node:path'
import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'

/** Which files name which other files as modules, by any means. Absolute paths. */
export interface ModuleGraph {
  importersOf(path: string): ReadonlySet<string>
}

const graphs = new WeakMap<CleanupContext, ModuleGraph>()

export function moduleGraphOf(context: CleanupContext): ModuleGraph {
  const known = graphs.get(context) ?? buildGraph(context)
  graphs.set(context, known)
  return known
}

function buildGraph(context: CleanupContext): ModuleGraph {
  const importers = new Map<string, Set<string>>()
  const byStem = new Map<string, string>()
  for (const path of context.texts.paths()) {
    byStem.set(stemOf(path), path)
    byStem.set(stemOf(path).replace(/\/index$/, ''), path)
  }
  const add = (to: string, from: string): void => {
    if (to !== from) importers.set(to, (importers.get(to) ?? new Set()).add(from))
  }
  for (const file of context.files()) {
    walk(file, (node) => {
      if (!ts.isStringLiteralLike(node)) return undefined
      const target = context.checker.getSymbolAtLocation(node)?.valueDeclaration
      if (target !== undefined && ts.isSourceFile(target)) add(target.fileName, file.fileName)
      // Any text that looks like a path to it: `require`, a mock, a worker.
      else if (node.text.startsWith('.')) {
        const path = byStem.get(stemOf(resolve(dirname(file.fileName), node.text)))
        if (path !== undefined) add(path, file.fileName)
      }
      return undefined
    })
  }
  const none: ReadonlySet<string> = new Set()
  return { importersOf: (path) => importers.get(path) ?? none }
}

export function stemOf(path: string): string {
  return path.replace(/\.[cm]?[jt]sx?$/, '')
}
