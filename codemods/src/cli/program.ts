import { Command, Option } from 'commander'
import type { CommandDeps, CommandOutcome } from '../commands/command'
import type { Shard } from '../engine/shard'
import type { Verdict } from '../model/site'
import type { TargetStyle } from '../model/target'
import { targetStyles } from '../model/target'
import {
  parseVerdicts,
  scanVerdicts,
  withOutputOptions,
  withPackageOptions,
  withPageOptions,
  withReportOptions,
} from './shared-options'
import type { CommonOptions } from './write-outcome'

/** Runs one command with what it needs, and writes down what it found. */
export type RunCommand = (
  options: CommonOptions,
  command: (deps: CommandDeps) => Promise<CommandOutcome>,
) => Promise<void>

interface PackageCommandOptions extends CommonOptions {
  readonly includeTests?: boolean
  readonly shard?: Shard
  readonly jobs?: number
}

/** The command line: names, options and help. Commands are loaded when they run, so that help is quick. */
export function createProgram(version: string, run: RunCommand): Command {
  const program = new Command('pgferry')
    .description('Finds every place that takes a PostgreSQL connection and rewrites what it can prove.')
    .version(version)
    .showSuggestionAfterError()
    .addHelpText('after', `\n${firstSteps}\n\n${exitCodes}`)
  addInit(program, run)
  addScan(program, run)
  addMigrate(program, run)
  addRevert(program, run)
  addCheck(program, run)
  addBaseline(program, run)
  addReport(program, run)
  addCleanup(program, run)
  for (const command of program.commands) {
    command.showHelpAfterError(`Run \`pgferry ${command.name()} --help\` for its options and examples.`)
    const lines = examples[command.name()] ?? []
    command.addHelpText('after', ['', 'Examples:', ...lines.map((line) => `  pgferry ${line}`)].join('\n'))
  }
  program.showHelpAfterError('Run `pgferry --help` for the commands.')
  return program
}

const firstSteps = [
  'First steps:',
  '  pgferry scan                        what is there; needs no configuration',
  '  pgferry init                        write pgferry.config.ts, then correct it',
  '  pgferry migrate portals --dry-run   see the diff; without --dry-run it is written',
  '  pgferry revert portals              take it back, byte for byte',
].join('\n')

/** By command; each line follows `pgferry`. */
const examples: Readonly<Record<string, readonly string[]>> = {
  init: ['init'],
  scan: [
    'scan',
    'scan portals --html report.html',
    'scan --json - --quiet',
    'scan --fail-on leak',
    'scan --shard 1/4 --json part-1.json',
  ],
  migrate: [
    'migrate portals --dry-run',
    'migrate portals rag-adapters',
    'migrate ./packages/portals --style callback',
    'migrate portals rag-adapters --commit',
  ],
  revert: ['revert portals', 'revert portals --merge'],
  check: ['check', 'check portals --json -'],
  baseline: ['baseline', 'baseline portals'],
  report: ['report merge part-1.json part-2.json --html report.html'],
  cleanup: ['cleanup portals --dry-run', 'cleanup test-systems scripts rag-adapters portals core'],
}

const exitCodes = [
  'Exit codes: 0 done; 1 findings; 2 usage or configuration, another run is writing;',
  '3 package not found; 4 work tree dirty, files edited since the migrate; 5 source does not parse;',
  '6 internal, nothing written; 130 interrupted, nothing half-written.',
].join('\n')

function addInit(program: Command, run: RunCommand): void {
  const command = program
    .command('init')
    .description('find packages and legacy APIs, write pgferry.config.ts')
    .option('--force', 'overwrite an existing configuration')
    .option('--include-tests', 'look at test code too')
  withOutputOptions(command).action(async (options: PackageCommandOptions & { readonly force?: boolean }) => {
    await run(options, async (deps) => (await import('../commands/init.js')).runInit(options, deps))
  })
}

function addScan(program: Command, run: RunCommand): void {
  const command = program
    .command('scan')
    .description('list every call site: dialect, shape, verdict, reason; works without a configuration')
    .argument('[package...]', 'names or paths; all packages when none is given')
    .option(
      '--fail-on <verdicts>',
      `exit 1 when there are sites with one of: ${scanVerdicts.join(', ')}`,
      parseVerdicts,
    )
    .option('--history <file>', 'add this run to a file; the page of --html draws the runs in it')
  withReportOptions(command).action(
    async (
      names: string[],
      options: PackageCommandOptions & { readonly failOn?: readonly Verdict[]; readonly history?: string },
    ) => {
      await run(options, async (deps) => (await import('../commands/scan.js')).runScan(names, options, deps))
    },
  )
}

interface MigrateCommandOptions extends PackageCommandOptions {
  readonly dryRun?: boolean
  readonly style?: TargetStyle
  readonly allowDirty?: boolean
  readonly commit?: boolean
  readonly fixLeaks?: boolean
  readonly oneShot?: boolean
  readonly transactions?: boolean
}

function addMigrate(program: Command, run: RunCommand): void {
  const command = program
    .command('migrate')
    .description('rewrite every provable call site of the named packages')
    .argument('<package...>', 'names or paths')
    .option('--dry-run', 'print a unified diff and write nothing')
    .addOption(new Option('--style <style>', 'how the new calls are written').choices(targetStyles))
    .option('--allow-dirty', 'write although the packages have uncommitted work')
    .option('--commit', 'one git commit for each package that changes')
    .option('--fix-leaks', 'rewrite sites that leak too; each is labelled, with the path that leaked')
    .option('--one-shot', 'a lease for a single statement becomes connections.query()')
    .option('--transactions', 'BEGIN, COMMIT and ROLLBACK become withTransaction() where that is the same')
  withReportOptions(command).action(async (names: string[], options: MigrateCommandOptions) => {
    await run(options, async (deps) =>
      (await import('../commands/migrate.js')).runMigrate(names, options, deps),
    )
  })
}

function addRevert(program: Command, run: RunCommand): void {
  const command = program
    .command('revert')
    .description('restore the bytes from before the last migrate of the named packages')
    .argument('<package...>', 'names or paths')
    .option('--merge', 'keep later edits that do not touch migrated lines')
    .option('--config <file>', 'configuration file')
  withOutputOptions(command).action(
    async (names: string[], options: CommonOptions & { readonly merge?: boolean }) => {
      await run(options, async (deps) =>
        (await import('../commands/revert.js')).runRevert(names, options, deps),
      )
    },
  )
}

function addCheck(program: Command, run: RunCommand): void {
  const command = program
    .command('check')
    .description(
      'for CI: fail on legacy call sites in migrated packages, stale flags, and more than the baseline knows',
    )
    .argument('[package...]', 'names or paths; all packages when none is given')
  withReportOptions(command).action(async (names: string[], options: PackageCommandOptions) => {
    await run(options, async (deps) => (await import('../commands/check.js')).runCheck(names, options, deps))
  })
}

function addCleanup(program: Command, run: RunCommand): void {
  const command = program
    .command('cleanup')
    .description('remove flags, the wiring of the ferry and the old connection layer, after the crossing')
    .argument('<package...>', 'names or paths; name all at once, so that what they share can go')
    .option('--dry-run', 'print a unified diff and write nothing')
    .option('--allow-dirty', 'write although the packages have uncommitted work')
    .option('--config <file>', 'configuration file')
  withOutputOptions(command).action(
    async (
      names: string[],
      options: CommonOptions & { readonly dryRun?: boolean; readonly allowDirty?: boolean },
    ) => {
      await run(options, async (deps) =>
        (await import('../commands/cleanup.js')).runCleanup(names, options, deps),
      )
    },
  )
}

function addBaseline(program: Command, run: RunCommand): void {
  const command = program
    .command('baseline')
    .description('write down what is there now; `check` then refuses new leaks and new legacy call sites')
    .argument('[package...]', 'names or paths; all packages when none is given')
  withPackageOptions(command).action(async (names: string[], options: PackageCommandOptions) => {
    await run(options, async (deps) =>
      (await import('../commands/baseline.js')).runBaseline(names, options, deps),
    )
  })
}

function addReport(program: Command, run: RunCommand): void {
  const report = program.command('report').description('work with reports that were written before')
  const merge = report
    .command('merge')
    .description('join the --json files of shards into the report of the whole run')
    .argument('<file...>', 'one for each shard, of scan, migrate or check')
  withOutputOptions(withPageOptions(merge)).action(async (paths: string[], options: CommonOptions) => {
    await run(options, async (deps) =>
      (await import('../commands/report-merge.js')).runReportMerge(paths, deps),
    )
  })
}
