import ts from 'typescript'
import type { CallSwap, SwappedRelease } from '../analysis/forms/call-swap'
import { isStatementList } from '../analysis/connection/bracket'
import { methodOf } from '../analysis/syntax/syntax'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { silencedEnd } from './discard'
import { acquireText, connectionsText } from './service-call'

/** `acquireConnection()` for the old acquire, the service's release for each old one; everything else keeps its bytes. */
export function swapCalls(
  swap: CallSwap,
  acquire: ts.CallExpression,
  target: RewriteTarget,
): readonly TextEdit[] {
  return [
    {
      start: acquire.getStart(),
      end: acquire.end,
      text: acquireText('acquireConnection', acquire, target),
    },
    ...swap.releases.flatMap((release) => releaseEdits(release, target)),
  ]
}

function releaseEdits(release: SwappedRelease, target: RewriteTarget): readonly TextEdit[] {
  const { call, name, told } = release
  const error =
    told.kind === 'always' || told.kind === 'when'
      ? (told.error ?? (told.kind === 'when' ? told.condition : undefined))?.getText()
      : undefined
  const reason = told.kind === 'always' && error === undefined ? 'true' : error
  const end = silencedEnd(call)
  const whole = (text: string): readonly TextEdit[] => [{ start: call.getStart(), end, text }]
  if (release.byMethod) {
    const method = methodOf(call)
    const isOwn = method !== undefined && ts.isIdentifier(method.receiver) && method.receiver.text === name
    if (isOwn && method.method === 'release' && end === call.end) return []
    return whole(`${name}${ts.isOptionalChain(call) ? '?' : ''}.release(${reason ?? ''})`)
  }
  const text = `${connectionsText(target.connections)}.releaseConnection(${[name, ...(reason === undefined ? [] : [reason])].join(', ')})`
  if (!ts.isOptionalChain(call)) return whole(text)
  const statement = ts.findAncestor(call, ts.isExpressionStatement)
  // `c?.release()` asks by itself; as a statement among others it may become an `if`.
  if (statement === undefined || !isStatementList(statement.parent) || told.kind !== 'nothing')
    return whole(`${name}?.release(${reason ?? ''})`)
  const start = statement.getStart()
  return start === call.getStart()
    ? whole(`if (${name}) ${text}`)
    : [{ start, end: start, text: `if (${name}) ` }, ...whole(text)]
}
