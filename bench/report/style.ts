/** Of the report: light and dark, from 360 pixels on, and on paper. */
export const STYLE = `
:root{color-scheme:light dark;--back:#f6f7f5;--card:#fff;--ink:#1d2521;--soft:#5d6963;--line:#dfe4e0;--ours:#14735a;--other:#a9b6b0;--bad:#b3372c}
@media(prefers-color-scheme:dark){:root{--back:#141816;--card:#1c2220;--ink:#e6ece8;--soft:#9aa7a0;--line:#313a36;--ours:#3fb892;--other:#55625c;--bad:#ef8074}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:1080px;margin:0 auto;padding:0 20px}header{padding-top:40px}
h1{font-size:30px;letter-spacing:-.02em;margin:0}header p{color:var(--soft);margin:4px 0 20px}
header .busy{border-left:4px solid var(--bad);padding:8px 14px;background:var(--card);color:var(--ink)}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:26px 28px;margin-bottom:22px}
h2{font-size:22px;margin:0;letter-spacing:-.01em}h3{font-size:15px;margin:28px 0 10px}.question{max-width:70ch;color:var(--soft);margin:6px 0 18px}
ul.goals{list-style:none;margin:0;padding:0;display:grid;gap:8px}ul.goals li{display:flex;gap:14px;align-items:baseline;border-left:4px solid var(--ours);background:var(--back);border-radius:6px;padding:9px 14px}
ul.goals strong{color:var(--ours);white-space:nowrap;min-width:66px}ul.goals li.missed{border-color:var(--bad)}ul.goals li.missed strong{color:var(--bad)}
small{display:block;color:var(--soft);font-weight:400;font-size:12.5px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(290px,1fr));gap:18px}figure{margin:0}figcaption{font-weight:600;margin-bottom:8px}figcaption small{display:inline;margin-left:8px}
.bar{display:grid;grid-template-columns:118px 1fr 58px;gap:8px;align-items:center;font-size:13px;margin:5px 0}.bar .value{text-align:right;font-variant-numeric:tabular-nums}
.track{position:relative;height:16px;display:block}.track i{position:absolute;inset:0 auto 0 0;background:var(--other);border-radius:3px}.bar.ours i{background:var(--ours)}.bar.ours{font-weight:600}
.track u{position:absolute;top:7px;height:2px;background:var(--ink);opacity:.55;min-width:2px}
.table{overflow-x:auto;margin-top:18px}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
thead th{font-size:12.5px;font-weight:500;color:var(--soft);text-align:right;vertical-align:bottom}th,td{padding:8px 10px;border-bottom:1px solid var(--line)}
tbody th{text-align:left;font-weight:600;min-width:190px}td{text-align:right;white-space:nowrap}td b{font-weight:600}td span{display:block;color:var(--soft);font-size:11.5px}
tr.ours th,tr.ours td{background:color-mix(in srgb,var(--ours) 9%,transparent)}ul.method{margin:0;padding-left:20px;color:var(--soft);max-width:85ch}
.versions,footer{color:var(--soft);font-size:12.5px}footer{padding:0 0 40px}
@media(max-width:620px){section{padding:18px 16px}h1{font-size:24px}}
@media print{body{background:#fff}section{break-inside:avoid}}
`;
