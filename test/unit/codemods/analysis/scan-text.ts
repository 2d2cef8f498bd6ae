import { analyzePackage } from '../../../../codemods/src/analysis/analyze-package'
import { builtinDialects } from '../../../../codemods/src/dialects/builtin-dialects'
import type { Dialect } from '../../../../codemods/src/model/dialect'
import type { Site } from '../../../../codemods/src/model/site'
import type { ConnectionsReference } from '../../../../codemods/src/model/target'

export interface ScanOptions {
  readonly dialects?: readonly Dialect[]
  readonly connections?: ConnectionsReference
}

/** Sites of a package that exists in memory only. */
export function scanFiles(
  files: Readonly<Record<string, string>>,
  options: ScanOptions = {},
): readonly Site[] {
  const sources = Object.entries(files).map(([name, text]) => ({
    path: `/app/${name}`,
    relativePath: name,
    text,
  }))
  const { connections, dialects = builtinDialects } = options
  return analyzePackage({ name: 'app', path: '/app', files: sources }, dialects, {
    readDisk: false,
    ...(connections === undefined ? {} : { connections }),
  }).files.flatMap((file) => file.sites.map((one) => one.site))
}

export function scanText(text: string, options: ScanOptions = {}): readonly Site[] {
  return scanFiles({ 'src/a.ts': text }, options)
}
