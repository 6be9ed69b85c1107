import { createHash } from 'node:crypto';
import { Markup } from '../html.ts';

/** The whole look, light and dark. Only constants: it goes into the page as it stands. */
const css = `
:root { color-scheme: light dark; --paper: #fcfcfa; --card: #fff; --ink: #1c2127; --quiet: #5d6670; --line: #e3e5e4;
  --accent: #0b6e63; --wash: #0b6e6314; --old: #b9c1c4; --shadow: #a0691f; --gross: #7d8a93; --bad: #a3312a; --bad-wash: #a3312a12; --warn: #8a5a0b; --warn-wash: #c98a1b1f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181b; --card: #1a1f23; --ink: #e4e8ea; --quiet: #98a3ab; --line: #2c3338;
  --accent: #4fc3b0; --wash: #4fc3b01c; --old: #56626a; --shadow: #d9a45a; --gross: #8a97a0; --bad: #f0857c; --bad-wash: #f0857c1c; --warn: #e2b15c; --warn-wash: #e2b15c1f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 40px; }
h1 { font-size: 21px; letter-spacing: -0.01em; margin: 0; }
h2 { font-size: 17px; margin: 0 0 10px; }
h3 { font-size: 13px; margin: 0 0 8px; color: var(--quiet); font-weight: 600; }
p, ul, dl, figure { margin: 0; }
a { color: var(--accent); }
.quiet, .none { color: var(--quiet); font-size: 13px; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 4px 16px; margin-bottom: 14px; }
.well { color: var(--accent); margin-bottom: 22px; }
.attention { border-left: 3px solid var(--bad); background: var(--bad-wash); padding: 12px 16px; border-radius: 0 6px 6px 0; margin-bottom: 24px; }
.attention h2 { font-size: 14px; margin-bottom: 4px; color: var(--bad); }
.attention ul { padding-left: 18px; overflow-wrap: anywhere; }
section { margin-bottom: 30px; }
.more { margin: -18px 0 30px; }
.portfolio { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 20px 22px; }
.portfolio > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; margin-bottom: 16px; }
.portfolio > header h2 { font-size: 19px; margin: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px 20px; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); padding: 14px 0; margin-bottom: 20px; }
.figures dt { font-size: 13px; color: var(--quiet); }
.figures dd { margin: 0; font-size: 22px; line-height: 1.3; letter-spacing: -0.01em; }
.figures dd.quiet { font-size: 12px; letter-spacing: 0; }
.panels { display: grid; grid-template-columns: minmax(0, 1.55fr) minmax(0, 1fr); gap: 24px 32px; }
.part { margin: 22px 0 0; }
figcaption { font-size: 13px; font-weight: 600; color: var(--quiet); margin-bottom: 6px; }
.key { font-weight: 400; margin-left: 10px; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 14px; height: 3px; margin-right: 5px; vertical-align: middle; background: currentColor; border-radius: 1px; }
.key.net::before, .key.new::before { background: var(--accent); }
.key.gross::before { background: var(--gross); height: 1.5px; }
.key.shadow::before { background: repeating-linear-gradient(90deg, var(--shadow) 0 4px, transparent 4px 6px); height: 2px; }
.key.old::before, .key.new::before { width: 9px; height: 9px; }
.key.old::before { background: var(--old); }
.key.held::before { width: 2px; height: 12px; background: var(--ink); }
svg.nav { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11px; fill: var(--quiet); }
svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
.nav path { fill: none; stroke-linejoin: round; }
.nav .net { stroke: var(--accent); stroke-width: 1.8; } .nav .gross { stroke: var(--gross); stroke-width: 1; }
.nav .shadow { stroke: var(--shadow); stroke-width: 1.2; stroke-dasharray: 4 3; }
.nav path.area { fill: var(--wash); } .nav .grid { stroke: var(--line); } .nav .now { fill: var(--accent); }
.narrow { display: none; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); white-space: nowrap; font-weight: 400; vertical-align: middle; }
td.number, th.number { text-align: right; }
.number + :not(.number) { padding-left: 14px; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-size: 12px; padding-top: 0; }
tbody tr:last-child > * { border-bottom: 0; }
.scroll { overflow-x: auto; }
.note { display: inline-block; min-width: 26ch; max-width: 46ch; white-space: normal; overflow-wrap: anywhere; }
.weights th, .weights td { padding: 3px 0 3px 12px; border: 0; text-align: right; }
.weights th:first-child { text-align: left; padding-left: 0; }
.weights thead th { padding-bottom: 8px; }
.weights .bars { width: 56%; text-align: left; } .weights .key { margin: 0 6px 0 0; }
.weights .rest { color: var(--quiet); }
svg.bar { display: block; width: 100%; height: 16px; overflow: visible; }
.bar .old { fill: var(--old); } .bar .new { fill: var(--accent); } .bar .held { stroke: var(--ink); stroke-width: 2; vector-effect: non-scaling-stroke; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 18px; font-size: 13px; }
.facts dt { color: var(--quiet); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.portfolio > header .ok { font-size: 13px; color: var(--quiet); }
.critical, .warning { font-size: 12px; padding: 1px 8px; border-radius: 9px; }
.critical { background: var(--bad-wash); color: var(--bad); } .warning { background: var(--warn-wash); color: var(--warn); }
footer { border-top: 1px solid var(--line); padding-top: 14px; }
@media (max-width: 860px) { .panels { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 560px) { main { padding: 18px 14px 30px; } .portfolio { padding: 16px 14px; } .wide { display: none; } .narrow { display: block; }
  .figures { grid-template-columns: 1fr 1fr; } .key { margin: 0 10px 0 0; } figcaption .key:first-of-type { margin-left: 0; } }
`;

/** The style element, and what a Content-Security-Policy calls it by. */
export const style = new Markup(`<style>${css}</style>`);
export const styleHash = `sha256-${createHash('sha256').update(css).digest('base64')}`;
