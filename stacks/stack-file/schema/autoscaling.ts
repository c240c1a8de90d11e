/** Autoscaling of the cluster: operators, Prometheus, nodes, room. */
import { z } from "zod";

import {
  headroomSetting,
  operatorSettings,
  prometheusSettings,
  toleranceSetting,
} from "../../../budget/autoscaling/settings";
import { about, flag, group, list, number, ruled, text } from "../../../budget/core/settings";

const prometheus = ruled(
  group(
    {
      ...prometheusSettings.shape,
      authentication: prometheusSettings.shape.authentication.unwrap().default("none"),
      rules: prometheusSettings.shape.rules.unwrap().default("object"),
    },
    { fix: "Say where Prometheus is." },
  ),
  ({ authentication, secretName }) => (authentication === "none") === (secretName === undefined),
  {
    allowed: "a Secret where KEDA proves who it is, and none where it does not",
    fix: "Name the Secret of the stack's namespace, or set authentication to none.",
  },
  ["secretName"],
);

const priorities = list(
  group(
    {
      priority: number(
        { atLeast: 1, atMost: 1000, whole: true },
        { fix: "Give the higher one to what grows first." },
      ),
      groups: list(text(/^\S{1,200}$/, { allowed: "a regular expression", fix: "Write .*spot.* for one." }), {
        allowed: "a list of regular expressions",
        fix: "Give the patterns of the names of node groups.",
      }),
    },
    { fix: "Say which groups grow first." },
  ),
  { allowed: "a list of maps of priority and groups", fix: "Leave it out where all groups are alike." },
);

const most = {
  mostCpuCores: number(
    { unit: "cores", above: 0, atMost: 100_000 },
    { fix: "Give the most that all nodes together may have.", decides: "what nodes may cost" },
  ),
  mostMemoryGiB: number(
    { unit: "GiB", above: 0, atMost: 1_000_000 },
    { fix: "Give the most memory that all nodes together may have.", decides: "what nodes may cost" },
  ),
};

const count = (fix: string): ReturnType<typeof number> =>
  number({ unit: "nodes", atLeast: 1, atMost: 15_000, whole: true }, { fix, decides: "node pool" });

/** One owner of the nodes. */
const nodes = about(
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("cluster-autoscaler"),
      priorities: priorities.default([]),
      unneededSeconds: number(
        { unit: "seconds", atLeast: 60, atMost: 86_400 },
        { fix: "Give how long a node has to be unneeded until it goes.", decides: "cost, churn" },
      ).default(600),
    }),
    z.strictObject({
      kind: z.literal("karpenter"),
      nodeRoleArn: text(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, {
        allowed: "the ARN of a role",
        fix: "Give the role of the nodes, which the cluster has to know.",
      }),
      amiAlias: text(/^(al2023@\S{1,23}|bottlerocket@\S{1,17})$/, {
        allowed: "an alias like al2023@v20260901",
        fix: "Pin the image, or take al2023@latest.",
      }).default("al2023@latest"),
      spot: flag({
        fix: "True where machines may go at two minutes' notice.",
        decides: "capacity types",
      }).default(false),
      ...most,
    }),
    z
      .strictObject({
        kind: z.literal("gke-node-pool"),
        clusterName: text(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/, {
          allowed: "the name of a GKE cluster",
          fix: "See `gcloud container clusters list`.",
        }),
        machineType: text(/^[a-z0-9]+(-[a-z0-9]+)+$/, {
          allowed: "a machine type, like n2-standard-4",
          fix: "See `gcloud compute machine-types list`.",
        }),
        fewestNodes: count("Give the fewest nodes over all zones."),
        mostNodes: count("Give the most nodes over all zones."),
        spot: flag({ fix: "True where machines may go at half a minute's notice." }).default(false),
      })
      .refine(({ fewestNodes, mostNodes }) => fewestNodes <= mostNodes, {
        params: {
          about: {
            allowed: "at least fewestNodes",
            fix: "Give the most nodes over all zones; the bounds are upside down.",
          },
        },
        path: ["mostNodes"],
      }),
  ]),
  {
    allowed: '"cluster-autoscaler" or "karpenter" on aws, "gke-node-pool" on gcp',
    fix: "Say who owns the nodes; leave nodes out where somebody else does.",
  },
);

/** Most clusters come with a metrics-server. */
const OPERATORS = { keda: "install", verticalPodAutoscaler: "install", metricsServer: "existing" } as const;

export const autoscaling = group(
  {
    prometheus: prometheus.optional(),
    operators: group(
      {
        keda: operatorSettings.keda.default(OPERATORS.keda),
        verticalPodAutoscaler: operatorSettings.verticalPodAutoscaler.default(
          OPERATORS.verticalPodAutoscaler,
        ),
        metricsServer: operatorSettings.metricsServer.default(OPERATORS.metricsServer),
      },
      { fix: "Say which operators the cluster has already." },
    ).default(OPERATORS),
    tolerance: toleranceSetting.default(false),
    headroom: headroomSetting.default("none"),
    nodes: nodes.optional(),
  },
  {
    fix: "Leave it out: services scale by their profiles, and nodes are somebody else's.",
    decides: "autoscaling",
  },
).default({ operators: OPERATORS, tolerance: false, headroom: "none" });
