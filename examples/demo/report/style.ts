/** The report's own look: light and dark, no font or file from anywhere. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --page: #f4f6f9; --card: #ffffff; --ink: #18212f; --muted: #566274; --line: #dde3ea; --grid: #e8ecf1;
  --legacy: #c96f12; --legacy-soft: #f0b36b; --service: #1d63d8; --service-soft: #7fb0f5; --budget: #b42350;
  --good: #17803d; --good-soft: #dcf5e4; --bad: #b3261e; --bad-soft: #fbe1df; --manual: #8a93a3; --leak: #d03b34;
  --work: #7a5bc7; --build: #9aa5b5; --restart: #14877e; --add: #e3f5e8; --remove: #fde7e5; --on-fill: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151d; --card: #182029; --ink: #e6ebf2; --muted: #9fabbb; --line: #2c3744; --grid: #26303c;
    --legacy: #f0a046; --legacy-soft: #8f5d22; --service: #6aa8ff; --service-soft: #2f5fa8; --budget: #ff7a9f;
    --good: #58d283; --good-soft: #15351f; --bad: #ff857c; --bad-soft: #45191a; --manual: #7d8797; --leak: #ff6b61;
    --work: #ac8fff; --build: #6d7888; --restart: #3fc1b4; --add: #16331f; --remove: #3e1c1c; --on-fill: #10151d;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 64px }
header h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em }
header p { margin: 0; color: var(--muted) }
h2 { font-size: 19px; margin: 0 0 4px } h3 { font-size: 15px; margin: 22px 0 6px }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px; margin-top: 18px }
.lead { margin: 0 0 14px; color: var(--muted); max-width: 82ch }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 18px }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px }
.tile b { display: block; font-size: 25px; line-height: 1.15; font-variant-numeric: tabular-nums; letter-spacing: -.01em }
.tile span { color: var(--muted); font-size: 13px }
.badge { display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 13px; font-weight: 600; white-space: nowrap }
.badge.good { color: var(--good); background: var(--good-soft) } .badge.bad { color: var(--bad); background: var(--bad-soft) }
.table-box { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--muted); padding-bottom: 6px }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--muted); font-weight: 600; font-size: 13px } tr:last-child td { border-bottom: 0 }
th.number, td.number { text-align: right; padding-right: 18px }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 0 0 8px; font-size: 13px; color: var(--muted) }
.swatch { display: inline-block; width: 14px; height: 10px; border-radius: 2px; margin-right: 6px; background: currentColor }
.swatch.dashed { width: 22px; height: 0; border-top: 2px dotted currentColor; background: none; vertical-align: middle }
.swatch.legacy { color: var(--legacy) } .swatch.service { color: var(--service) } .swatch.budget { color: var(--budget) }
.swatch.rewritable { color: var(--legacy) } .swatch.already { color: var(--service) } .swatch.manual { color: var(--manual) }
.swatch.leak { color: var(--leak) } .swatch.codemod { color: var(--work) } .swatch.build { color: var(--build) }
.swatch.restart { color: var(--restart) } .swatch.rollback { color: var(--legacy) } .swatch.ramp { color: var(--service) }
.swatch.tests { color: var(--good) } .swatch.wiring { color: var(--muted) }
.chart { display: block; width: 100%; height: auto; margin: 4px 0 10px; font-family: inherit }
.chart text { fill: var(--ink); font-size: 12px } .chart .tick { fill: var(--muted); font-size: 11.5px; font-variant-numeric: tabular-nums }
.chart .axis-label { fill: var(--muted); font-size: 11.5px } .chart .chart-title { font-size: 13px; font-weight: 600 }
.chart .bar-group, .chart .row-label { font-weight: 600; font-size: 12.5px }
.chart .bar-value { fill: var(--on-fill); font-size: 11px; font-weight: 600 }
.grid { stroke: var(--grid); stroke-width: 1 } .axis { stroke: var(--muted); stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round } .line.dashed { stroke-dasharray: 2 4.5 }
.line.legacy { stroke: var(--legacy) } .line.service { stroke: var(--service) } .line.budget { stroke: var(--budget) }
.area.legacy { fill: var(--legacy); fill-opacity: .8 } .area.service { fill: var(--service); fill-opacity: .85 }
.fill.rewritable, .fill.rollback { fill: var(--legacy) } .fill.already, .fill.ramp { fill: var(--service) }
.fill.manual { fill: var(--manual) } .fill.leak { fill: var(--leak) } .fill.codemod { fill: var(--work) } .fill.build { fill: var(--build) }
.fill.restart { fill: var(--restart) } .fill.tests { fill: var(--good) } .fill.wiring { fill: var(--muted) }
.marker { stroke-width: 1; stroke-dasharray: 3 3; stroke: var(--muted) } .marker-legacy { stroke: var(--legacy) } .marker-service { stroke: var(--service) }
.chart .marker-label { font-size: 10.5px; stroke: none; fill: var(--muted) }
.chart .marker-label.marker-legacy { fill: var(--legacy) } .chart .marker-label.marker-service { fill: var(--service) }
pre { overflow-x: auto; background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
pre .add { background: var(--add); display: block } pre .remove { background: var(--remove); display: block } pre .other { display: block; color: var(--muted) }
footer { color: var(--muted); font-size: 13px; margin-top: 18px }
@media print { body { background: #fff } section { break-inside: avoid } }
`
