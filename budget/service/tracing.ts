/** Traces of services: where they go, how many of them, and the variables by which OpenTelemetry's SDKs are told. */
import { group, number, ruled, text } from "../core/settings";

/** Where spans are sent, and how many. */
export interface Tracing {
  /** Address that takes OTLP: `http://otel-collector.observability.svc:4318`. */
  readonly endpoint: string;
  /** Share of requests that begin here of which a trace is kept, 0..1. What was begun elsewhere is decided there. */
  readonly sampleRatio: number;
}

/** Where an endpoint is: pods of a namespace, or a port outside of the cluster. */
export type Collector = { readonly namespace: string; readonly port: number } | { readonly port: number };

const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Port of OTLP by gRPC; every other one speaks it by HTTP. */
const GRPC_PORT = 4317;

/** @param endpoint sound */
export function collectorOf(endpoint: string): Collector {
  const [, scheme = "", host = "", given] = ADDRESS.exec(endpoint) ?? [];
  const port = given === undefined ? (PORTS[scheme] ?? 443) : Number(given);
  const [, namespace] = /^[^.]+\.([^.]+)\.svc(\.|$)/.exec(host) ?? [];
  return namespace === undefined ? { port } : { namespace, port };
}

const ADDRESS = /^(https?:)\/\/([^\s/?#@:]+)(?::(\d{1,5}))?(?:\/[^\s?#]*)?$/;

/** Settings of `tracing`. */
export const tracingSettings = group(
  {
    endpoint: ruled(
      text(ADDRESS, {
        allowed: "an address like http://otel-collector.observability.svc:4318, without user and password",
        fix: "Give where the collector takes OTLP; what it wants to know of you belongs to secretEnvironment.",
        hidden: true,
        decides: "OTEL_EXPORTER_OTLP_ENDPOINT, NetworkPolicy",
      }),
      (endpoint) => endpoint.startsWith("https:") || isInCluster(endpoint),
      {
        allowed: "https://, or the Service of a collector with its namespace and .svc",
        fix: "Write http://<service>.<namespace>.svc:4318 for what is in the cluster.",
      },
    ),
    sampleRatio: number(
      { unit: "share of requests", atLeast: 0, atMost: 1 },
      { fix: "0.01 keeps a trace of every hundredth request.", decides: "OTEL_TRACES_SAMPLER_ARG" },
    ).default(0.01),
  },
  { fix: "Leave it out: services send no traces.", decides: "variables and NetworkPolicies of services" },
);

function isInCluster(endpoint: string): boolean {
  return "namespace" in collectorOf(endpoint);
}

/** What is said of a service in each of its spans: attributes of OpenTelemetry's conventions by name. */
export type ResourceAttributes = Readonly<Record<string, string>>;

/** Names and values, as OpenTelemetry's specification has them. @param service name */
export function tracingVariables(
  service: string,
  { endpoint, sampleRatio }: Tracing,
  attributes: ResourceAttributes,
): Readonly<Record<string, string>> {
  const pairs = Object.entries(attributes).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return {
    OTEL_SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: collectorOf(endpoint).port === GRPC_PORT ? "grpc" : "http/protobuf",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: String(sampleRatio),
    ...(pairs.length === 0 ? {} : { OTEL_RESOURCE_ATTRIBUTES: pairs.join(",") }),
  };
}

/** Variables that a service may not set itself where its stack has traces: the NetworkPolicy follows from the same key. */
export const TRACING_VARIABLES: readonly string[] = [
  "OTEL_SERVICE_NAME",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_RESOURCE_ATTRIBUTES",
];

/** Tag of an image, which is the version that runs; of a digest its begin. */
export function versionOf(image: string): string {
  const [name = "", digest] = image.split("@sha256:");
  const tag = name.slice(name.lastIndexOf("/") + 1).split(":")[1];
  return tag ?? (digest ?? "").slice(0, 12);
}
