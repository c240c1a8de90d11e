/** Looks of the page: system fonts, one accent, light and dark, narrow screens, print. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --ink: #1a2230; --soft: #55606f; --line: #e1e5eb;
  --accent: #1f5fbf; --accent-ground: #e8f0fc; --good: #17693f; --good-ground: #e3f4ea;
  --bad: #a3261b; --bad-ground: #fdeae8; --open: #7a4d00; --open-ground: #fdf1da;
  --mono: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11151b; --card: #191f28; --ink: #e8ecf2; --soft: #a5afbd; --line: #2d3542;
    --accent: #84b4ff; --accent-ground: #1b2b45; --good: #86dcae; --good-ground: #16331f;
    --bad: #ffa79d; --bad-ground: #411b17; --open: #f5c877; --open-ground: #3a2b10;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1160px; margin: 0 auto; padding: 48px 24px 80px; }
h1 { font-size: 32px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.015em; }
h2 { font-size: 21px; margin: 56px 0 14px; letter-spacing: -0.005em; }
h3 { font-size: 17px; margin: 0; }
h2 + h3, article + h3 { margin: 22px 0 8px; font-size: 16px; }
h4 { font-size: 14px; font-weight: 600; margin: 0 0 8px; color: var(--soft); }
p { margin: 0 0 8px; }
ul { list-style: none; margin: 0; padding: 0; }
code, pre, .formula { font-family: var(--mono); font-size: 13px; }
code { overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px; margin: 0 0 16px; }
.card > p.soft { font-size: 14px; margin: 2px 0 16px; }
.verdict { border-left: 6px solid; margin-top: 26px; }
.verdict strong { font-size: 21px; display: block; letter-spacing: -0.005em; }
.verdict.kept { border-left-color: var(--good); } .verdict.kept strong { color: var(--good); }
.verdict.broken, .verdict.failed { border-left-color: var(--bad); }
.verdict.broken strong, .verdict.failed strong { color: var(--bad); }
.verdict.open { border-left-color: var(--open); } .verdict.open strong { color: var(--open); }
.figures { display: flex; flex-wrap: wrap; gap: 10px 40px; margin-top: 16px; }
.figures b { font-size: 24px; font-weight: 600; display: block; line-height: 1.2; }
.figures span { color: var(--soft); font-size: 14px; }
.picture .canvas { overflow-x: auto; }
.picture svg { display: block; width: 100%; min-width: 860px; max-width: 1180px; height: auto; }
.picture.wide { position: relative; left: 50%; width: min(1560px, calc(100vw - 48px)); transform: translateX(-50%); }
.picture.wide svg { min-width: 1280px; max-width: none; }
.picture path { fill: none; stroke: var(--soft); stroke-width: 1.3; opacity: 0.7; }
.picture path.head { fill: var(--soft); stroke: none; opacity: 1; }
.picture text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
.picture .title { font-size: 14.5px; font-weight: 600; }
.picture .detail, .picture .pods { font-size: 12.5px; fill: var(--soft); }
.picture .pods, .picture .edge { text-anchor: middle; }
.picture .edge { font-size: 12.5px; fill: var(--soft); paint-order: stroke; stroke: var(--card); stroke-width: 6px; stroke-linejoin: round; }
.box > rect { fill: var(--ground); stroke: var(--line); stroke-width: 1.2; }
.box.service > rect:first-of-type { stroke: var(--accent); stroke-width: 1.6; }
.box.client > rect { stroke: var(--soft); stroke-dasharray: 4 4; }
.box > rect.zone { fill: var(--card); stroke: var(--line); }
figure { margin: 0; } figcaption { margin-top: 14px; font-size: 14px; }
figcaption p { margin-bottom: 4px; } .connections { margin-top: 6px; } .connections b { font-weight: 600; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 26px 44px; margin: 0 0 26px; }
.service .columns:last-child { margin: 24px 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: baseline; padding: 5px 0 5px 14px; border-top: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
thead th, thead td { border-top: 0; color: var(--soft); font-weight: 500; padding-top: 0; }
tbody th { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
.keys { color: var(--soft); font-family: var(--mono); font-size: 12px; overflow-wrap: anywhere; }
.derived { margin: 0; }
.derived > div { display: grid; grid-template-columns: 190px 170px 1fr; gap: 0 18px; padding: 8px 0; border-top: 1px solid var(--line); align-items: baseline; }
.derived dt, .derived dd { margin: 0; font-size: 15px; min-width: 0; overflow-wrap: anywhere; }
.derived .value { font-weight: 600; }
.derived .formula { font-size: 13px; line-height: 1.55; overflow-wrap: anywhere; }
.derived .keys { display: block; }
.proofs { margin: 0 0 26px; }
.proofs li { display: grid; grid-template-columns: 128px 1fr; gap: 0 18px; padding: 8px 0; border-top: 1px solid var(--line); align-items: baseline; }
.proofs .badge { justify-self: start; }
.proofs li > div { min-width: 0; overflow-wrap: anywhere; }
.proofs p { margin: 0; font-size: 15px; } .proofs p.formula { font-size: 13px; } .proofs .keys { display: block; } .proofs .soft { font-size: 13px; }
.bars li { display: grid; grid-template-columns: 112px 1fr 52px; gap: 10px; align-items: center; font-size: 13.5px; padding: 2px 0; }
.bars i { height: 9px; border-radius: 5px; background: var(--accent); min-width: 3px; }
.bars b { font-weight: 500; text-align: right; }
.law { color: var(--soft); font-size: 13px; margin: 8px 0 0; }
.problems { color: var(--bad); margin-top: 12px; }
.badge { display: inline-block; border-radius: 6px; padding: 1px 9px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.badge.violation { background: var(--bad-ground); color: var(--bad); }
.badge.waived, .badge.not-provable { background: var(--open-ground); color: var(--open); }
.badge.advice { background: var(--accent-ground); color: var(--accent); }
.badge.pass { background: var(--good-ground); color: var(--good); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 10px 0 0; line-height: 1.55; }
.finding p { margin: 10px 0 0; }
summary { cursor: pointer; }
.service > summary, .group > summary { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; list-style: none; }
.service > summary::-webkit-details-marker, .group > summary::-webkit-details-marker { display: none; }
.service > summary::before, .group > summary::before { content: ""; width: 7px; height: 7px; border: solid var(--soft); border-width: 0 2px 2px 0; transform: rotate(-45deg); flex: none; align-self: center; }
.service[open] > summary::before, .group[open] > summary::before { transform: rotate(45deg); }
.service > summary h3 { overflow-wrap: anywhere; }
.headline, .counts { color: var(--soft); font-size: 14px; margin-left: auto; }
.service { content-visibility: auto; contain-intrinsic-size: auto 70px; }
.filter { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; font-size: 14px; color: var(--soft); margin-bottom: 14px; }
input[type="search"] { font: inherit; width: 260px; max-width: 100%; padding: 7px 12px; border: 1px solid var(--soft); border-radius: 8px; background: var(--card); color: var(--ink); }
.groups { padding: 6px 24px; }
.group { padding: 9px 0; border-top: 1px solid var(--line); } .group:first-child { border-top: 0; }
.group ul { margin: 8px 0 4px 19px; font-size: 14px; }
.resource { padding: 3px 0; }
.resource pre { background: var(--ground); border-radius: 8px; padding: 12px 16px; margin: 6px 0 10px; font-size: 12.5px; max-height: 460px; overflow: auto; }
.resource code { margin-left: 6px; }
.operation { display: inline-block; min-width: 62px; font-weight: 600; color: var(--soft); }
.operation.create { color: var(--good); } .operation.delete, .operation.replace { color: var(--bad); } .operation.update { color: var(--open); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
footer { margin-top: 52px; color: var(--soft); font-size: 14px; }
@media (max-width: 720px) {
  main { padding: 28px 14px 48px; } .card { padding: 16px; } .groups { padding: 6px 16px; } h1 { font-size: 26px; } h2 { margin-top: 40px; }
  .derived > div { grid-template-columns: 1fr auto; padding: 10px 0; }
  .derived .formula { grid-column: 1 / -1; margin-top: 4px; }
  .proofs li { grid-template-columns: 1fr; gap: 4px; }
  .headline, .counts { margin-left: 19px; flex-basis: 100%; }
  .group ul { margin-left: 4px; } td.keys { display: none; }
  th, td { padding-left: 10px; } input[type="search"] { width: 100%; }
}
@media print {
  @page { margin: 14mm; }
  body { background: none; font-size: 12px; } main { padding: 0; max-width: none; }
  .filter { display: none; } h2, h3, h4 { break-after: avoid; } .derived > div, tr, .finding, .bars { break-inside: avoid; }
  .service { content-visibility: visible; } .resource pre { max-height: none; }
}
`;
