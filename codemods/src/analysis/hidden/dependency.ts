import { relative } from 'node:path'
import type ts from 'typescript'
import type { HiddenDependency, HiddenDependencyKind } from '../../model/hidden-dependency'
import type { WitnessStep } from '../../model/site'
import type { TraceStep } from '../calls/callee-summary'
import { positionOf } from '../syntax/syntax'

/** What was found, before positions are made. */
export interface Finding {
  readonly kind: HiddenDependencyKind
  readonly node: ts.Node
  readonly site?: string
  readonly summary: string
  readonly path: readonly TraceStep[]
}

/** Relative to the root of the report. */
export type NameFile = (sourceFile: ts.SourceFile) => string

export function nameFilesBelow(root: string): NameFile {
  return (sourceFile) => relative(root, sourceFile.fileName).replaceAll('\\', '/')
}

export function toHiddenDependency(finding: Finding, nameFile: NameFile): HiddenDependency {
  const { kind, node, site, summary, path } = finding
  const file = nameFile(node.getSourceFile())
  return {
    kind,
    file,
    ...positionOf(node),
    ...(site === undefined ? {} : { site }),
    summary,
    witness: path.map((step) => toStep(step, file, nameFile)),
  }
}

function toStep({ node, note }: TraceStep, ownFile: string, nameFile: NameFile): WitnessStep {
  const file = nameFile(node.getSourceFile())
  return { ...positionOf(node), note, ...(file === ownFile ? {} : { file }) }
}
