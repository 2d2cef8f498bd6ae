import type { Timeline } from '../timeline/timeline'
import type { Progress } from './progress'

const everyMs = 250
const windowMs = 2_000

/** Keeps the live line's figures up to date until it is stopped. */
export function createLiveFigures(timeline: Timeline, progress: Progress): { stop(): void } {
  const timer = setInterval(() => {
    progress.figures(describeLoad(timeline, timeline.clock.now()))
  }, everyMs)
  return {
    stop() {
      clearInterval(timer)
    },
  }
}

/** Units per second by side over the last two seconds, and connections. Pure but for what it reads. */
export function describeLoad(
  { units, connections }: Pick<Timeline, 'units' | 'connections'>,
  nowMs: number,
): string {
  if (units.length === 0) return ''
  // Units arrive nearly in order: the last hundreds hold the window.
  const recent = units.slice(-2000).filter(({ beganAtMs, tookMs }) => beganAtMs + tookMs > nowMs - windowMs)
  const perSecond = (side: string): string => {
    const count = recent.filter(({ servedBy }) => servedBy === side).length
    return (count / (windowMs / 1000)).toFixed(0)
  }
  const last = connections.at(-1)
  const sessions = last === undefined ? '' : `, ${last.legacy}+${last.service} of ${last.budget} connections`
  return `[legacy ${perSecond('legacy')}/s, service ${perSecond('service')}/s${sessions}]`
}
