/** Where a stack runs. */
import { z } from "zod";

import { awsRegion, subnetIds } from "../../../budget/core/cloud-leaves";
import { namespaceName, secretName, storageClassName, zones } from "../../../budget/core/leaves";
import { about, flag, group, list, number, retold, ruled, text } from "../../../budget/core/settings";
import { DEFAULT_MONITORING_NAMESPACE } from "../../../components/shared/network-policy";

/** Names of Compute Engine. */
const GCP_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

const dns = group(
  {
    domain: text(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
      allowed: "a domain, like cluster.local",
      fix: "Give the last part of every Service's name; see `search` in the /etc/resolv.conf of a pod.",
      decides: "names of Services",
    }).default("cluster.local"),
    server: about(z.union([z.ipv4(), z.ipv6()]), {
      allowed: "an IP address",
      fix: "Give the address of the cluster's DNS, or leave it out: pods are told it.",
      decides: "resolver of the proxies",
    }).optional(),
  },
  { fix: "Leave it out for a cluster whose domain is cluster.local." },
).default({ domain: "cluster.local" });

const clusterCommon = {
  zones,
  namespace: ruled(namespaceName, (name) => name !== "default" && !name.startsWith("kube-"), {
    allowed: 'a namespace of its own, not "default" and none of Kubernetes itself',
    fix: "Name another one: the stack owns it, and lets no pod with privileges run there.",
  }).default("retrofitlink"),
  kubeContext: text(/./, {
    allowed: "the name of a context of the kubeconfig",
    fix: "See `kubectl config get-contexts`.",
  }).optional(),
  nodeStartSeconds: number(
    { unit: "seconds", atLeast: 0, atMost: 1800 },
    {
      fix: "Give how long a new node takes at peak; 0 where there is always room for the pods that are added.",
      decides: "reaction time, autoscaler target",
    },
  ).default(0),
  monitoringNamespace: retold(namespaceName, { decides: "NetworkPolicies" }).default(
    DEFAULT_MONITORING_NAMESPACE,
  ),
  storageClassName: storageClassName.optional(),
  priorityClasses: flag({
    fix: "False where the program may not make PriorityClasses, which are the cluster's.",
  }).default(true),
  createNamespace: flag({ fix: "False for a namespace that is there before the stack." }).default(true),
  imagePullSecrets: list(secretName, {
    allowed: "a list of names of Secrets",
    fix: "Name Secrets of type kubernetes.io/dockerconfigjson.",
  }).default([]),
  dns,
};

export const cluster = about(
  z.discriminatedUnion("cloud", [
    z.strictObject({
      cloud: z.literal("aws"),
      ...clusterCommon,
      region: awsRegion,
      clusterName: text(/^[0-9A-Za-z][-_0-9A-Za-z]{0,99}$/, {
        allowed: "the name of an EKS cluster",
        fix: "See `aws eks list-clusters`.",
      }),
      vpcId: text(/^vpc-[0-9a-f]{8,17}$/, {
        allowed: "the id of a VPC, like vpc-0a1b2c3d",
        fix: "Give the cluster's VPC.",
      }),
      subnetIds: subnetIds("the cluster's subnets"),
    }),
    z.strictObject({
      cloud: z.literal("gcp"),
      ...clusterCommon,
      project: text(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/, {
        allowed: "the id of a project",
        fix: "Give the cluster's project.",
      }),
      region: text(/^[a-z]+-[a-z]+\d+$/, {
        allowed: "a GCP region, like europe-west3",
        fix: "Give the cluster's region.",
      }),
      network: text(GCP_NAME, { allowed: "the name of a network", fix: "Give the cluster's network." }),
      subnetwork: text(GCP_NAME, {
        allowed: "the name of a subnetwork",
        fix: "Give the cluster's subnetwork.",
      }),
    }),
    z.strictObject({ cloud: z.literal("local"), ...clusterCommon }),
  ]),
  { allowed: '"aws", "gcp" or "local"', fix: "Say where the cluster runs; the other keys depend on it." },
);
