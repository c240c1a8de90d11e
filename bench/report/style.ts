/** What the report of `make bench` has besides the looks of all pages: charts of bars with their quartiles. */
export const BENCH_STYLE = `
.card h3 { margin: 26px 0 10px; }
.card h4 { margin: 26px 0 8px; }
.card small { display: block; color: var(--soft); font-weight: 400; font-size: 12.5px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 18px 30px; margin-bottom: 18px; }
.charts figcaption { margin: 0 0 8px; } .charts figcaption small { display: inline; margin-left: 6px; }
.bar { display: grid; grid-template-columns: 118px 1fr 58px; gap: 8px; align-items: center; font-size: 13px; margin: 5px 0; }
.bar.ours { font-weight: 600; } .bar .value { text-align: right; }
.track { position: relative; height: 16px; display: block; }
.track i { position: absolute; inset: 0 auto 0 0; background: var(--soft); opacity: 0.45; border-radius: 3px; }
.bar.ours .track i { background: var(--accent); opacity: 1; }
.track u { position: absolute; top: 7px; height: 2px; background: var(--ink); opacity: 0.55; min-width: 2px; }
.wide-table { overflow-x: auto; }
.wide-table td b { font-weight: 600; } .wide-table td span { display: block; color: var(--soft); font-size: 11.5px; }
.wide-table thead th { vertical-align: bottom; } .wide-table tbody th { font-weight: 600; min-width: 190px; }
tr.ours th, tr.ours td { background: var(--accent-ground); }
.method { list-style: disc; padding-left: 20px; color: var(--soft); max-width: 85ch; margin-bottom: 12px; }
`;
