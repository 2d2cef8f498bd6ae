import type { Progress } from '../console/progress'
import type { Component } from '../crossing/components'
import type { DemoSettings } from '../settings'
import type { Timeline } from '../timeline/timeline'
import type { Toolbox } from '../workspace/toolbox'

/** What the plot plays on. Whoever made it ends what is still open when the plot ends early. */
export interface Stage {
  /** Root of the repository that the demo belongs to. */
  readonly repository: string
  readonly toolbox: Toolbox
  readonly timeline: Timeline
  readonly databaseUrl: string
  readonly settings: DemoSettings
  readonly progress: Progress
  readonly failComponent: Component | undefined
  readonly isWithoutCorpora: boolean
  readonly startedAtMs: number
  readonly versions: Readonly<Record<string, string>>
  /** Hands over what must be ended however the plot ends; called in reverse order. */
  onOpened(end: () => void | Promise<void>): void
}
