/** The page of a search: what each kind of autoscaler costs and breaks, and the block for the stack file. */
import { html } from "../../report/html";
import { htmlPage } from "../../report/page";
import { CHART_STYLE, tradeOff } from "./chart";
import type { JobContext } from "./job";
import { cheapest, type KindName, type Tried } from "./search";

const LOOKS: Readonly<Record<KindName, string>> = {
  CPU: "two",
  requests: "three",
  "requests and prediction": "one",
};

export function tunePage(
  stack: string,
  { service, traces, script }: JobContext,
  best: Tried,
  tried: ReadonlyMap<KindName, readonly Tried[]>,
  block: string,
): string {
  const title = `Autoscaling of ${service.name}, tuned`;
  const isKept = best.violations === 0;
  const curves = Array.from(tried, ([name, all]) => {
    const at = cheapest(all);
    return {
      name,
      look: LOOKS[name],
      points: frontier(all).map(({ cost, violations }) => ({ x: cost, y: violations })),
      ...(at === undefined ? {} : { at: { x: at.cost, y: at.violations } }),
    };
  });
  return htmlPage({
    title,
    styles: CHART_STYLE,
    content: html`<h1>${title}</h1>
      <p class="soft">Stack ${stack}; traces: ${traces.map(({ name }) => name).join(", ")}</p>
      <div class="card verdict ${isKept ? "kept" : "broken"}">
        <strong
          >${
            isKept
              ? `Every promise is kept for ${best.cost.toFixed(0)}`
              : `${best.violations} minutes stay broken with any settings that were tried`
          }</strong
        >
        <pre>${block}</pre>
      </div>
      <h2>Cost against broken minutes</h2>
      <div class="card">
        <div class="scroll">${tradeOff("What no other setting of its kind undercuts", curves, "cost")}</div>
        <p class="soft">
          ${Array.from(tried.values()).flat().length} settings, each over every trace. The rendered minimum of
          pods is never undercut: it is what a lost zone needs. Cost is what pods request, and the room that
          is kept free: ${script.prices.coreHour} a core-hour, ${script.prices.gibHour} a GiB-hour.
        </p>
      </div>`,
  });
}

/** Those of which no other one is cheaper and breaks no more. */
function frontier(tried: readonly Tried[]): Tried[] {
  let least = Infinity;
  return [...tried]
    .sort((a, b) => a.cost - b.cost || a.violations - b.violations)
    .filter(({ violations }) => {
      if (violations >= least) return false;
      least = violations;
      return true;
    });
}
