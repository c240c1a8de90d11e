/** The ladder of timeouts as bars, and the laws that it keeps. */
import { PROPAGATION_SECONDS, ladderProblems, type TimeoutLadder } from "../../budget/timeouts";
import { number } from "./format";
import { html, type Html } from "./html";

type Steps = readonly (readonly [name: string, seconds: number])[];

export function timeoutBars(ladder: TimeoutLadder): Html {
  const { request, idle, drain } = ladder;
  const longest: Steps = [
    ["CDN", request.edge],
    ["load balancer", request.loadBalancer],
    ["proxy", request.proxy],
    ["application", request.application],
    ["database", request.database],
  ];
  const kept: Steps = [
    ["load balancer", idle.loadBalancer],
    ["proxy, to clients", idle.proxyClient],
    ["proxy, to services", idle.proxyUpstream],
    ["application", idle.application],
  ];
  const end: Steps = [
    ["no new targets", drain.deregistration],
    ["still serves", drain.preStop],
    ["killed", drain.terminationGrace],
  ];
  const problems = ladderProblems(ladder).map(({ message }) => html`<li>${message}</li>`);
  return html`<div class="columns">
      ${bars("Longest request", longest, [
        `${join(longest.map(([, seconds]) => seconds))} s: each hop outlasts the one inside it.`,
      ])}
      ${bars("Idle connections", kept, [
        `${number(idle.proxyClient)} > ${number(idle.loadBalancer)} s and ${number(idle.application)} > ${number(idle.proxyUpstream)} s: only the caller closes.`,
      ])}
      ${bars("End of a pod", end, [
        `${number(drain.preStop)} > ${number(drain.deregistration)} + ${PROPAGATION_SECONDS} s, ` +
          `${number(drain.terminationGrace)} > ${number(drain.preStop)} + ${number(request.proxy)} s: the last request is answered.`,
      ])}
    </div>
    ${
      problems.length === 0
        ? ""
        : html`<ul class="problems">
            ${problems}
          </ul>`
    }`;
}

function join(seconds: readonly number[]): string {
  return seconds.map((value) => number(value, 1)).join(" > ");
}

function bars(title: string, steps: Steps, laws: readonly string[]): Html {
  const longest = Math.max(1, ...steps.map(([, seconds]) => seconds));
  const rows = steps.map(
    ([name, seconds]) =>
      html`<li>
        <span>${name}</span><i style="width:${number((seconds / longest) * 100, 1)}%"></i
        ><b>${number(seconds, 1)} s</b>
      </li>`,
  );
  return html`<div>
    <h4>${title}</h4>
    <ul class="bars">
      ${rows}
    </ul>
    <p class="law">${laws}</p>
  </div>`;
}
