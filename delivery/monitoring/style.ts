/** Looks of the page of a dashboard, behind those of every page. */
const WIDTHS = Array.from(
  { length: 24 },
  (_, index) => `.grid > .w${index + 1} { grid-column: span ${index + 1}; }`,
);
const CURVES = Array.from(
  { length: 8 },
  (_, index) => `i.curve-${index} { background: var(--curve-${index}); }`,
);

export const PERFORMANCE_STYLE = `
:root {
  --mark: #7a8494;
  --curve-0: #1f5fbf; --curve-1: #b4600a; --curve-2: #17806d; --curve-3: #8a3fb0;
  --curve-4: #a3261b; --curve-5: #5d6b1a; --curve-6: #0b7285; --curve-7: #55606f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --mark: #8f9bab;
    --curve-0: #84b4ff; --curve-1: #f0a35a; --curve-2: #63cbb5; --curve-3: #d2a0f0;
    --curve-4: #ffa79d; --curve-5: #c5d46a; --curve-6: #66d0e4; --curve-7: #a5afbd;
  }
}
main { max-width: 1320px; }
h2 { margin-top: 40px; }
.grid { display: grid; grid-template-columns: repeat(24, minmax(0, 1fr)); gap: 16px; }
.grid > .card { margin: 0; padding: 16px 18px; min-width: 0; display: flex; flex-direction: column; }
${WIDTHS.join("\n")}
.card h3 { font-size: 15px; }
.card > p.about { font-size: 13px; margin: 2px 0 10px; }
.stat .figure { font-size: 28px; font-weight: 600; line-height: 1.2; margin: 8px 0 6px; display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; }
.stat .figure.green { color: var(--good); } .stat .figure.orange { color: var(--open); } .stat .figure.red { color: var(--bad); }
.stat > p.about { margin: 8px 0 0; }
.stat table { font-size: 13px; margin: 6px 0 0; }
.stat table, .stat tbody, .stat tr, .stat th, .stat td { display: block; text-align: left; border: 0; padding: 0; }
.stat tr + tr { margin-top: 6px; }
.stat th { color: var(--soft); font-weight: 400; }
.stat table .figure { font-size: 16px; margin: 0; }
.spark { display: block; width: 100%; height: 30px; }
.spark polyline { fill: none; stroke: var(--accent); stroke-width: 1.4; vector-effect: non-scaling-stroke; }
.plot { min-height: 220px; margin: 0 0 0 -8px; }
.plot .u-over { cursor: crosshair; }
.chart table { font-size: 13px; margin-top: 8px; }
.chart > p.about { min-height: 3em; }
.verdict p { margin: 4px 0 0; }
.chart th, .chart td { padding-top: 2px; padding-bottom: 2px; }
.chart tbody th { overflow-wrap: anywhere; }
.chart thead th[data-last] { min-width: 76px; }
.chart i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 8px; vertical-align: middle; }
${CURVES.join("\n")}
.empty { color: var(--soft); margin: auto; padding: 40px 0; font-size: 14px; }
.stat > .empty { padding: 14px 0; margin: 0; }
.marks { font-size: 14px; color: var(--soft); display: flex; flex-wrap: wrap; gap: 2px 18px; }
.marks b { font-weight: 600; }
.path { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 16px 34px; }
.path li { margin: 0; padding: 14px 16px; position: relative; display: flex; flex-direction: column; gap: 4px; }
.condition { margin: 18px 0 0; font-size: 13px; }
.path li > .soft, .path .detail { font-size: 13px; }
.path .detail { overflow-wrap: anywhere; color: var(--soft); }
.path li:not(:last-child)::after { content: "\\2192"; position: absolute; right: -26px; top: 18px; font-size: 18px; line-height: 1; color: var(--soft); }
@media (max-width: 900px) {
  .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .grid > .stat { grid-column: span 1; } .grid > .chart { grid-column: 1 / -1; }
  .path { grid-template-columns: minmax(0, 1fr); gap: 30px; }
  .path li:not(:last-child)::after { content: "\\2193"; right: auto; left: 20px; top: auto; bottom: -25px; }
}
@media (max-width: 560px) { .grid > .stat { grid-column: 1 / -1; } }
`;
