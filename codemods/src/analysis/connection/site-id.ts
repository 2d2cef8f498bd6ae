import { createHash } from 'node:crypto'
import ts from 'typescript'
import type { AcquireCall } from './acquire-call'
import { isFunctionWithBody } from '../syntax/syntax'

/** Names of the functions and classes around a node, outermost first: what stays when lines move. */
export function enclosingName(node: ts.Node): string {
  const names: string[] = []
  for (let current: ts.Node = node.parent; !ts.isSourceFile(current); current = current.parent) {
    if (isFunctionWithBody(current) || ts.isClassLike(current)) names.unshift(nameOf(current))
  }
  return names.join('/')
}

function nameOf(node: ts.Node): string {
  const own = ts.getNameOfDeclaration(node as ts.Declaration)?.getText()
  if (own !== undefined) return own
  const { parent } = node
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent))
    return parent.name.getText()
  return ''
}

export function siteId(file: string, acquire: AcquireCall, ordinal: number): string {
  const parts = [file, enclosingName(acquire.call), acquire.dialect.id, acquire.method, String(ordinal)]
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12)
}
