export { defaultFlagRules, defineConfig } from './project/define-config'
export type {
  CleanupConfig,
  ConnectionsConfig,
  ConnectionsPlace,
  DialectConfig,
  FlagRule,
  PackageConfig,
  PackageStage,
  PgferryConfig,
} from './project/define-config'
export type { AcquireRule, Dialect, ReceiverRule, ReleaseRule, ScopedRule } from './model/dialect'
export type {
  PackageReport,
  ReasonCode,
  RunReport,
  Shape,
  Site,
  SiteLabel,
  Totals,
  Verdict,
  WitnessStep,
} from './model/site'
export type { TargetStyle } from './model/target'
export type { CheckReport } from './report/check-report'
export type { RevertReport } from './commands/revert'
