// Preloaded into what is measured: at its end the process itself says what it used, to the file that the environment names.
const { writeFileSync } = require('node:fs')
const { isMainThread } = require('node:worker_threads')

const path = process.env.PGFERRY_BENCH_USAGE
delete process.env.PGFERRY_BENCH_USAGE
if (isMainThread && path !== undefined) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    writeFileSync(
      path,
      JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMb: maxRSS / 1024 }),
    )
  })
}
