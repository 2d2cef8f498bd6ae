import { relative } from 'node:path'
import type ts from 'typescript'
import type { Site, WitnessStep } from '../../model/site'
import type { AnalyzedSite, FileAnalysis } from './package-analysis'
import { crossingSteps } from './crossing'

/** The whole path of each site, across functions and files, once all sites of the package are known. */
export function describeSites(
  files: readonly FileAnalysis[],
  checker: ts.TypeChecker,
): readonly FileAnalysis[] {
  const all = files.flatMap((file) => file.sites)
  return files.map((file) => ({
    ...file,
    sites: file.sites.map((one) => ({ ...one, site: describeSite(one, all, file, checker) })),
  }))
}

function describeSite(
  one: AnalyzedSite,
  all: readonly AnalyzedSite[],
  file: FileAnalysis,
  checker: ts.TypeChecker,
): Site {
  const { site } = one
  if (site.witness === undefined) return site
  const steps = [...site.witness, ...crossingSteps(one, all, checker)]
  return { ...site, witness: steps.map((step) => relativeStep(step, rootOf(file))) }
}

/** The folder that paths in reports begin at. */
export function rootOf({ source }: Pick<FileAnalysis, 'source'>): string {
  return source.path.slice(0, source.path.length - source.relativePath.length)
}

export function relativeStep(step: WitnessStep, root: string): WitnessStep {
  return step.file === undefined ? step : { ...step, file: relative(root, step.file).replaceAll('\\', '/') }
}
