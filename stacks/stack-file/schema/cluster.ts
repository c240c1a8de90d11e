/** Where a stack runs. */
import { z } from "zod";

import { DEFAULT_MONITORING_NAMESPACE } from "../../../components/shared/network-policy";
import { dnsLabel, number, says, text, whole } from "./leaves";

/** Names of Compute Engine. */
const GCP_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

const dns = z
  .strictObject(
    {
      domain: text(
        "a domain, like cluster.local",
        "Give the last part of every Service's name; see `search` in the /etc/resolv.conf of a pod.",
        /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      ).default("cluster.local"),
      server: text(
        "an IP address",
        "Give the address of the cluster's DNS, or leave it out: pods are told it.",
        /^((\d{1,3}\.){3}\d{1,3}|[0-9a-f:]*:[0-9a-f:]*)$/,
      ).optional(),
    },
    says("a map of domain and server", "Leave it out for a cluster whose domain is cluster.local."),
  )
  .default({ domain: "cluster.local" });

const clusterCommon = {
  zones: number("a whole number from 1 to 6", "Count the zones of the cluster's nodes.", whole(1, 6)),
  namespace: dnsLabel
    .refine(
      (name) => name !== "default" && !name.startsWith("kube-"),
      says(
        'a namespace of its own, not "default" and none of Kubernetes itself',
        "Name another one: the stack owns it, and lets no pod with privileges run there.",
      ),
    )
    .default("retrofitlink"),
  kubeContext: text(
    "the name of a context of the kubeconfig",
    "See `kubectl config get-contexts`.",
  ).optional(),
  monitoringNamespace: dnsLabel.default(DEFAULT_MONITORING_NAMESPACE),
  storageClassName: text("the name of a storage class", "See `kubectl get storageclass`.").optional(),
  priorityClasses: z
    .boolean(
      says("true or false", "False where the program may not make PriorityClasses, which are the cluster's."),
    )
    .default(true),
  createNamespace: z
    .boolean(says("true or false", "False for a namespace that is there before the stack."))
    .default(true),
  imagePullSecrets: z
    .array(
      text(
        "the name of a Secret of the namespace",
        "See `kubectl get secrets`.",
        /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
      ),
      says("a list of names of Secrets", "Name Secrets of type kubernetes.io/dockerconfigjson."),
    )
    .default([]),
  dns,
};

export const cluster = z.discriminatedUnion(
  "cloud",
  [
    z.strictObject({
      cloud: z.literal("aws"),
      ...clusterCommon,
      region: text(
        "an AWS region, like eu-central-1",
        "Give the cluster's region.",
        /^[a-z]{2}(-[a-z]+)+-\d$/,
      ),
      clusterName: text(
        "the name of an EKS cluster",
        "See `aws eks list-clusters`.",
        /^[0-9A-Za-z][-_0-9A-Za-z]{0,99}$/,
      ),
      vpcId: text("the id of a VPC, like vpc-0a1b2c3d", "Give the cluster's VPC.", /^vpc-[0-9a-f]{8,17}$/),
      subnetIds: z
        .array(
          text(
            "the id of a subnet, like subnet-0a1b2c3d",
            "Give the cluster's subnets.",
            /^subnet-[0-9a-f]{8,17}$/,
          ),
          says("a list of subnet ids", "Give the cluster's subnets."),
        )
        .min(2, says("at least 2 subnets, in different zones", "Give a subnet for each zone.")),
    }),
    z.strictObject({
      cloud: z.literal("gcp"),
      ...clusterCommon,
      project: text("the id of a project", "Give the cluster's project.", /^[a-z][-a-z0-9]{4,28}[a-z0-9]$/),
      region: text("a GCP region, like europe-west3", "Give the cluster's region.", /^[a-z]+-[a-z]+\d+$/),
      network: text("the name of a network", "Give the cluster's network.", GCP_NAME),
      subnetwork: text("the name of a subnetwork", "Give the cluster's subnetwork.", GCP_NAME),
    }),
    z.strictObject({ cloud: z.literal("local"), ...clusterCommon }),
  ],
  says('"aws", "gcp" or "local"', "Say where the cluster runs; the other keys depend on it."),
);
