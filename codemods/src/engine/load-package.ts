import type { Dialect } from '../model/dialect'
import type { LoadedSources } from '../project/load-sources'
import { loadSources } from '../project/load-sources'
import type { Workspace } from '../project/workspace'
import type { Knowledge } from './knowledge'
import type { SurveyedPackage } from './survey-packages'

/**
 * The files of a package that may hold a site by the words of the dialects, or by others. Needs no compiler.
 *
 * @throws CodemodError `READ_FAILED` naming the file.
 */
export function loadPackage(
  { target, discovered }: Pick<SurveyedPackage, 'target' | 'discovered'>,
  { workspace, dialects }: { readonly workspace: Workspace; readonly dialects: readonly Dialect[] },
  knowledge: Pick<Knowledge, 'words' | 'mayHoldSite'>,
  words: readonly string[] = knowledge.words(dialects),
): LoadedSources {
  const { mayHoldSite } = knowledge
  return loadSources(target, discovered, {
    root: workspace.root,
    words,
    ...(mayHoldSite === undefined ? {} : { mayHoldSite }),
  })
}
