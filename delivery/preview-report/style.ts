/** Looks of the page: system fonts, one accent, light and dark, print. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #1b2330; --soft: #556070; --line: #dfe3e9;
  --accent: #1f5fbf; --good: #17693f; --good-ground: #e3f4ea; --bad: #a3261b; --bad-ground: #fdeae8;
  --open: #7a4d00; --open-ground: #fdf1da;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161d; --card: #1a202a; --ink: #e8ecf2; --soft: #a3adbb; --line: #303846;
    --accent: #84b4ff; --good: #86dcae; --good-ground: #16331f; --bad: #ffa79d; --bad-ground: #411b17;
    --open: #f5c877; --open-ground: #3a2b10;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 21px; margin: 52px 0 14px; }
h3 { font-size: 17px; margin: 0 0 2px; }
p { margin: 0 0 8px; }
code, .mono { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; font-size: 0.86em; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px; margin: 0 0 16px; }
.verdict { border-left: 6px solid; margin-top: 24px; }
.verdict strong { font-size: 19px; display: block; }
.verdict.good { border-left-color: var(--good); } .verdict.good strong { color: var(--good); }
.verdict.bad { border-left-color: var(--bad); } .verdict.bad strong { color: var(--bad); }
.verdict.open { border-left-color: var(--open); } .verdict.open strong { color: var(--open); }
.figures { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 14px 0 0; padding: 0; list-style: none; }
.figures b { font-size: 22px; font-weight: 600; display: block; font-variant-numeric: tabular-nums; }
.figures span { color: var(--soft); font-size: 14px; }
.picture { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px; }
.picture svg { display: block; margin: 0 auto; max-width: 100%; min-width: 860px; height: auto; }
.picture path { fill: none; stroke: var(--soft); stroke-width: 1.4; opacity: 0.75; }
.picture path.head { fill: var(--soft); stroke: none; opacity: 1; }
.picture text { font-family: system-ui, sans-serif; fill: var(--ink); }
.picture .title { font-size: 15px; font-weight: 600; }
.picture .detail { font-size: 13px; fill: var(--soft); }
.picture .edge { font-size: 12px; fill: var(--soft); text-anchor: middle; paint-order: stroke; stroke: var(--card); stroke-width: 5px; }
.box rect { fill: var(--ground); stroke: var(--line); stroke-width: 1.2; }
.box.service rect { stroke: var(--accent); stroke-width: 1.8; }
.box.client rect { stroke-dasharray: 4 4; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 7px 14px 7px 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: 14px; }
tbody th { font-weight: 500; white-space: nowrap; }
td.value { white-space: nowrap; font-weight: 600; }
td.formula { color: var(--soft); }
.facts { margin: 6px 0 14px; color: var(--soft); font-size: 15px; }
.ladder { display: grid; grid-template-columns: max-content 1fr max-content; gap: 5px 12px; align-items: center; font-size: 14px; margin: 6px 0 0; }
.ladder .bar { height: 10px; border-radius: 5px; background: var(--accent); min-width: 3px; }
.ladder .bar.idle { background: var(--soft); }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 6px 40px; margin-top: 18px; }
.drain { margin: 14px 0 10px; }
.two h4 { margin: 0 0 4px; font-size: 14px; color: var(--soft); font-weight: 500; }
.badge { display: inline-block; border-radius: 6px; padding: 1px 9px; font-size: 13px; font-weight: 600; }
.badge.violation { background: var(--bad-ground); color: var(--bad); }
.badge.waived, .badge.not-provable { background: var(--open-ground); color: var(--open); }
.badge.advice { background: var(--ground); color: var(--soft); }
.badge.pass { background: var(--good-ground); color: var(--good); }
.finding pre { white-space: pre-wrap; margin: 8px 0 0; font: 14px/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
details summary { cursor: pointer; font-weight: 500; }
details[open] summary { margin-bottom: 10px; }
input[type="search"] { font: inherit; width: min(100%, 340px); padding: 7px 12px; margin: 0 0 12px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); color: var(--ink); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
footer { margin-top: 48px; color: var(--soft); font-size: 14px; }
@media (max-width: 640px) {
  .derived thead { display: none; } .derived tr { display: grid; grid-template-columns: 1fr auto; }
  .derived td.value { padding-right: 0; } .derived td.formula { grid-column: 1 / -1; border: 0; padding: 0 0 8px; }
  main { padding: 24px 14px 48px; } .card { padding: 16px; } h1 { font-size: 25px; } }
@media print { body { background: none; } .card, .picture { break-inside: avoid; } input { display: none; } }
`;

/** Filters the table of resources; without it the table is complete and static. */
export const SCRIPT = `
const input = document.querySelector("#filter");
const rows = [...document.querySelectorAll("#resources tbody tr")];
const count = document.querySelector("#count");
input.addEventListener("input", () => {
  const wanted = input.value.toLowerCase();
  let shown = 0;
  for (const row of rows) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    if (!row.hidden) shown++;
  }
  count.textContent = shown + " of " + rows.length;
});
`;
