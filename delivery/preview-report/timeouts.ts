/** The timeout chain as bars, and the laws that it keeps. */
import { PROPAGATION_SECONDS, chainIssues, type TimeoutChain } from "../../budget/timeouts/timeouts";
import { number } from "../../budget/core/format";
import { html, type Html } from "../../report/html";

type Steps = readonly (readonly [name: string, seconds: number])[];

export function timeoutBars(chain: TimeoutChain): Html {
  const { request, idle, tunnel, drain } = chain;
  const longest: Steps = [
    ["CDN or client", request.edge],
    ["load balancer", request.loadBalancer],
    ["proxy", request.proxy],
    ["application", request.application],
    ["database", request.database],
  ];
  const kept: Steps = [
    ["CDN or client", idle.edge],
    ["load balancer", idle.loadBalancerClient],
    ["… to the proxy", idle.loadBalancer],
    ["proxy", idle.proxyClient],
    ["… to services", idle.proxyUpstream],
    ["application", idle.application],
  ];
  const open: Steps = [
    ["CDN or client", tunnel.edge],
    ["load balancer", tunnel.loadBalancer],
    ["proxy", tunnel.proxy],
    ["pings, at least", tunnel.heartbeat],
  ];
  const end: Steps = [
    ["no new targets", drain.deregistration],
    ["still serves", drain.preStop],
    ["killed", drain.terminationGrace],
  ];
  const issues = chainIssues(chain).map(({ fix }) => html`<li>${fix}</li>`);
  return html`<div class="columns">
      ${bars("Longest request", longest, [requestLaw(chain, longest)])}
      ${bars("Idle connections", kept, [
        `${number(idle.edge)} < ${number(idle.loadBalancerClient)} s, ${number(idle.loadBalancer)} < ${number(idle.proxyClient)} s and ` +
          `${number(idle.proxyUpstream)} < ${number(idle.application)} s: only the caller closes.`,
      ])}
      ${bars("WebSockets and event streams", open, [
        `${number(tunnel.heartbeat)} < ${number(Math.min(tunnel.edge, tunnel.loadBalancer, tunnel.proxy))} s: no silence outlasts a hop.`,
      ])}
      ${bars("End of a pod", end, [
        `${number(drain.preStop)} > ${number(drain.deregistration)} + ${PROPAGATION_SECONDS} s, ` +
          `${number(drain.terminationGrace)} > ${number(drain.preStop)} + ${number(request.proxy)} s: the last request is answered. ` +
          `${number(drain.nodeGrace)} ≥ ${number(drain.terminationGrace)} s: before the node goes.`,
      ])}
    </div>
    ${
      issues.length === 0
        ? ""
        : html`<ul class="problems">
            ${issues}
          </ul>`
    }`;
}

/** Behind Cloudflare an ALB waits longer than the CDN; the proxy is the hop that answers in time. */
function requestLaw({ request }: TimeoutChain, steps: Steps): string {
  const shown =
    request.loadBalancer < request.edge ? steps : steps.filter(([name]) => name !== "load balancer");
  const law = `${join(shown.map(([, seconds]) => seconds))} s: each hop outlasts the one inside it.`;
  return shown === steps
    ? law
    : `${law} The load balancer has one setting for waiting and for idle connections, and the CDN keeps those for longer than it waits.`;
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
