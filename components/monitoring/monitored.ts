/** Where each workload of the platform answers with metrics. Ports are those of the containers, by their names. */
import type * as pulumi from "@pulumi/pulumi";

import { sentinelsOf } from "../../budget/caching/watched";
import { ACCESS_SERIES, accessOf } from "../../budget/load-balancing/access-metrics";
import { KEDA_NAMESPACE } from "../autoscaling/operators";
import { SENTINEL_PORT } from "../caching/redis/sentinel-conf";
import { ACCESS_PORT } from "../load-balancing/proxy/access-exporter";
import { selectorLabels } from "../shared/kubernetes";
import type { Monitored } from "./monitors";

/** A workload, by the name that is its pods' label `app`. */
interface Named {
  readonly name: string;
  readonly namespace: pulumi.Input<string>;
}

const exporterOf = (name: string, namespace: pulumi.Input<string>, port: string): Monitored => ({
  kind: "pods",
  job: name,
  namespace,
  matchLabels: selectorLabels(name),
  port,
});

/** An `ElasticService`: metrics are on the port of the requests. */
export const serviceMetrics = ({ name, namespace }: Named): Monitored => exporterOf(name, namespace, "http");

/** `Nginx` or `HaProxy`: both on 9113, nginx by its exporter. */
export const proxyMetrics = ({ name, namespace }: Named): Monitored => exporterOf(name, namespace, "metrics");

/** The access log of either, 9114. Of what its exporter tells only what the plan counts on. */
export const proxyAccessMetrics = ({ name, namespace }: Named): Monitored => ({
  kind: "pods",
  namespace,
  matchLabels: selectorLabels(name),
  port: ACCESS_PORT,
  job: accessOf({ namespace: "", job: name }).job,
  keep: Object.values(ACCESS_SERIES).map((series) => `${series}(_.*)?`),
});

/** `Redis`: the exporter of every member, 9121. */
export const redisMetrics = ({ name, namespace }: Named): Monitored => exporterOf(name, namespace, "metrics");

/** The Sentinels of a replicated `Redis`, which the exporter of a member asks under another path than its server. */
export const sentinelMetrics = ({ name, namespace }: Named): Monitored => ({
  kind: "pods",
  namespace,
  matchLabels: selectorLabels(name),
  port: "metrics",
  job: sentinelsOf({ namespace: "", job: name }).job,
  path: "/scrape",
  params: { target: [`redis://localhost:${SENTINEL_PORT}`] },
});

/**
 * `MongoDbCluster`: the exporter of every server and router, 9216, in plain HTTP. TLS is between the exporter and its server, inside
 * of the pod.
 */
export const mongoDbMetrics = ({ name, namespace }: Named): Monitored => ({
  kind: "pods",
  job: name,
  namespace,
  matchLabels: { "app.kubernetes.io/instance": name },
  port: "metrics",
});

/** KEDA's operator: what it asked of scalers, and what came of it. */
export const kedaMetrics = (namespace: pulumi.Input<string> = KEDA_NAMESPACE): Monitored => ({
  kind: "pods",
  job: "keda-operator",
  namespace,
  matchLabels: { app: "keda-operator" },
  port: 8080,
});
