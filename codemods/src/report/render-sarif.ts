import type { HiddenDependency } from '../model/hidden-dependency'
import type { RunReport, Site, WitnessStep } from '../model/site'
import { reasonAdvice } from '../model/site'

/** The part of SARIF 2.1.0 that is used here. Source: OASIS, Static Analysis Results Interchange Format 2.1.0. */
export interface SarifLog {
  readonly $schema: string
  readonly version: '2.1.0'
  readonly runs: readonly SarifRun[]
}

interface SarifRun {
  readonly tool: { readonly driver: SarifDriver }
  readonly columnKind: 'utf16CodeUnits'
  readonly results: readonly SarifResult[]
}

interface SarifDriver {
  readonly name: 'pgferry'
  readonly version: string
  readonly rules: readonly SarifRule[]
}

interface SarifRule {
  readonly id: string
  readonly shortDescription: SarifText
  readonly defaultConfiguration: { readonly level: SarifLevel }
}

interface SarifResult {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: SarifLevel
  readonly message: SarifText
  readonly locations: readonly SarifLocation[]
  readonly partialFingerprints?: Readonly<Record<string, string>>
  readonly codeFlows?: readonly {
    readonly threadFlows: readonly [{ readonly locations: readonly { readonly location: SarifLocation }[] }]
  }[]
}

interface SarifLocation {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId: '%SRCROOT%' }
    readonly region: { readonly startLine: number; readonly startColumn: number }
  }
  readonly message?: SarifText
}

interface SarifText {
  readonly text: string
}

type SarifLevel = 'error' | 'warning' | 'note'

interface Finding {
  readonly ruleId: string
  readonly description: string
  readonly level: SarifLevel
  readonly text: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly fingerprint?: string
  readonly witness: readonly WitnessStep[]
}

/**
 * What code scanning shows: leaks as errors, what needs a person as warnings, what can be rewritten as notes, and hidden dependencies as
 * notes. Done sites are no findings.
 */
export function renderSarif(report: Pick<RunReport, 'packages'>, version: string): SarifLog {
  const findings = report.packages.flatMap(({ sites, hiddenDependencies = [] }) => [
    ...sites.flatMap(ofSite),
    ...hiddenDependencies.map(ofHidden),
  ])
  const rules = new Map<string, SarifRule>()
  for (const { ruleId, description, level } of findings) {
    if (!rules.has(ruleId))
      rules.set(ruleId, {
        id: ruleId,
        shortDescription: { text: description },
        defaultConfiguration: { level },
      })
  }
  const ids = [...rules.keys()]
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pgferry', version, rules: [...rules.values()] } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => toResult(finding, ids.indexOf(finding.ruleId))),
      },
    ],
  }
}

const levels: Readonly<Partial<Record<Site['verdict'], SarifLevel>>> = {
  leak: 'error',
  manual: 'warning',
  rewritable: 'note',
}

function ofSite(site: Site): Finding[] {
  const level = levels[site.verdict]
  if (level === undefined) return []
  const what = `${site.api} (${site.dialect}, ${site.shape})`
  const told =
    site.reason === undefined
      ? { ruleId: 'rewritable', description: 'A legacy acquire that pgferry migrate can rewrite.' }
      : { ruleId: site.reason, description: reasonAdvice[site.reason] }
  const advice = site.advice ?? told.description
  return [
    {
      ...told,
      level,
      text: `${what}: ${advice}`,
      file: site.file,
      line: site.line,
      column: site.column,
      fingerprint: site.id,
      witness: site.witness ?? [],
    },
  ]
}

function ofHidden(one: HiddenDependency): Finding {
  return {
    ruleId: `hidden/${one.kind}`,
    description: `Hidden dependency: ${one.kind}.`,
    level: 'note',
    text: one.summary,
    file: one.file,
    line: one.line,
    column: one.column,
    witness: one.witness,
  }
}

function toResult(finding: Finding, ruleIndex: number): SarifResult {
  const { ruleId, level, text, file, fingerprint, witness } = finding
  return {
    ruleId,
    ruleIndex,
    level,
    message: { text },
    locations: [locationOf(file, finding)],
    ...(fingerprint === undefined ? {} : { partialFingerprints: { 'pgferrySite/v1': fingerprint } }),
    ...(witness.length < 2
      ? {}
      : {
          codeFlows: [
            {
              threadFlows: [
                {
                  locations: witness.map((step) => ({
                    location: { ...locationOf(step.file ?? file, step), message: { text: step.note } },
                  })),
                },
              ],
            },
          ],
        }),
  }
}

function locationOf(
  file: string,
  { line, column }: { readonly line: number; readonly column: number },
): SarifLocation {
  return {
    physicalLocation: {
      artifactLocation: {
        uri: file.split('/').map(encodeURIComponent).join('/'),
        uriBaseId: '%SRCROOT%',
      },
      region: { startLine: line, startColumn: column },
    },
  }
}
