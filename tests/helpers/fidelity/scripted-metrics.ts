/**
 * A server of metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io that answers what a script says. It is
 * what the real controller is asked by, never what is judged.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";

import { freePort } from "../../../cli/free-port";
import { selfSigned } from "../../../sandbox/cluster/self-signed";

/** CPU and memory of a pod, or what a custom metric says about it. */
export interface PodSample {
  readonly pod: string;
  /** Thousandths: of a core, of a byte, of whatever a custom metric counts. */
  readonly milli: number;
  /** End of the window, seconds since 1970. */
  readonly at: number;
  readonly windowSeconds: number;
}

/** What is to be answered to one question; undefined: there is nothing, as when the source is gone. */
export interface MetricsScript {
  /** Called before each answer, which waits for it. @param question the same for the same metric */
  asked(namespace: string, question: string): Promise<void>;
  /** By resource: `cpu`, `memory`. The pod has one container, `main`. */
  resource(namespace: string): Readonly<Record<string, readonly PodSample[]>> | undefined;
  /** One value for each pod. */
  pods(namespace: string, metric: string): readonly PodSample[] | undefined;
  /** Thousandths, one for each series. */
  external(namespace: string, metric: string): readonly number[] | undefined;
}

export interface ScriptedMetrics {
  readonly port: number;
  stop(): Promise<void>;
}

/** The APIs it serves, as an APIService names them. */
export const SERVED = [
  "v1beta1.metrics.k8s.io",
  "v1beta2.custom.metrics.k8s.io",
  "v1beta1.external.metrics.k8s.io",
] as const;

export async function serveMetrics(script: MetricsScript): Promise<ScriptedMetrics> {
  const { certificate, key } = selfSigned("scripted-metrics");
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    respond(script, request, response).catch((error: unknown) => {
      send(response, 500, failure(error instanceof Error ? error.message : String(error)));
    });
  });
  const port = await freePort();
  await once(server.listen(port, "127.0.0.1"), "listening");
  return {
    port,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Route {
  readonly pattern: RegExp;
  readonly answer: (script: MetricsScript, namespace: string, metric: string) => unknown;
}

const API_RESOURCES: Readonly<Record<string, readonly unknown[]>> = {
  "metrics.k8s.io/v1beta1": [{ name: "pods", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] }],
  "custom.metrics.k8s.io/v1beta2": [
    { name: "pods/scripted", namespaced: true, kind: "MetricValueList", verbs: ["get"] },
  ],
  "external.metrics.k8s.io/v1beta1": [
    { name: "scripted", namespaced: true, kind: "ExternalMetricValueList", verbs: ["get"] },
  ],
};

const ROUTES: readonly Route[] = [
  {
    pattern: /^\/apis\/metrics\.k8s\.io\/v1beta1\/namespaces\/([^/]+)\/pods$/,
    answer: (script, namespace) => {
      const usage = script.resource(namespace);
      return usage === undefined ? undefined : podMetrics(usage);
    },
  },
  {
    pattern: /^\/apis\/custom\.metrics\.k8s\.io\/v1beta2\/namespaces\/([^/]+)\/pods\/\*\/([^/]+)$/,
    answer: (script, namespace, metric) => {
      const samples = script.pods(namespace, metric);
      if (samples === undefined) return undefined;
      const items = samples.map(({ pod, milli, at, windowSeconds }) => ({
        describedObject: { kind: "Pod", namespace, name: pod, apiVersion: "/v1" },
        metric: { name: metric },
        timestamp: timestamp(at),
        windowSeconds,
        value: `${milli}m`,
      }));
      return { kind: "MetricValueList", apiVersion: "custom.metrics.k8s.io/v1beta2", metadata: {}, items };
    },
  },
  {
    pattern: /^\/apis\/external\.metrics\.k8s\.io\/v1beta1\/namespaces\/([^/]+)\/([^/]+)$/,
    answer: (script, namespace, metric) => {
      const values = script.external(namespace, metric);
      if (values === undefined) return undefined;
      const items = values.map((milli) => ({
        metricName: metric,
        metricLabels: {},
        timestamp: timestamp(Date.now() / 1000),
        value: `${milli}m`,
      }));
      return {
        kind: "ExternalMetricValueList",
        apiVersion: "external.metrics.k8s.io/v1beta1",
        metadata: {},
        items,
      };
    },
  },
];

async function respond(
  script: MetricsScript,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? "/", "https://localhost").pathname);
  const discovered = API_RESOURCES[path.replace("/apis/", "")];
  if (discovered !== undefined) {
    const groupVersion = path.replace("/apis/", "");
    send(response, 200, { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: discovered });
    return;
  }
  for (const { pattern, answer } of ROUTES) {
    const found = pattern.exec(path);
    if (found === null) continue;
    const [, namespace = "", metric = ""] = found;
    await script.asked(namespace, path);
    const body = answer(script, namespace, metric);
    if (body === undefined) send(response, 503, failure("the script has nothing"));
    else send(response, 200, body);
    return;
  }
  send(response, 404, failure(`nothing is served at ${path}`));
}

function podMetrics(usage: Readonly<Record<string, readonly PodSample[]>>): unknown {
  const byPod = new Map<string, { at: number; windowSeconds: number; used: Record<string, string> }>();
  for (const [resource, samples] of Object.entries(usage)) {
    for (const { pod, milli, at, windowSeconds } of samples) {
      const entry = byPod.get(pod) ?? { at, windowSeconds, used: {} };
      entry.used[resource] = `${milli}m`;
      byPod.set(pod, entry);
    }
  }
  const items = [...byPod].map(([name, { at, windowSeconds, used }]) => ({
    metadata: { name, labels: { app: "scripted" } },
    timestamp: timestamp(at),
    window: `${windowSeconds}s`,
    containers: [{ name: "main", usage: used }],
  }));
  return { kind: "PodMetricsList", apiVersion: "metrics.k8s.io/v1beta1", metadata: {}, items };
}

function timestamp(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace(".000", "");
}

function failure(message: string): unknown {
  return {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason: "ServiceUnavailable",
    message,
    code: 503,
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
