import assert from "node:assert/strict";

import { Region } from "@pulumi/aws/types/enums";

import { AWS_REGIONS, GCP_REGIONS, gcpZones, isOtherPartition } from "../../../stacks/stack-file/regions";
import { CLUSTERS } from "../../helpers/cdn";
import { accepted, mistakesOf, sound } from "./sound-stack";

/** Mistakes of the smallest stack on a cluster, with a change to it. */
const mistakes = (cloud: keyof typeof CLUSTERS, change: object, more: object = {}): string[] =>
  mistakesOf({ ...sound(), cluster: { ...CLUSTERS[cloud], ...change }, ...more });

describe("cluster.region of a stack file", () => {
  it("is every region of AWS, but for clouds by themselves, as the SDK names them", () => {
    const own = Object.values(Region).filter((region) => !isOtherPartition(region));
    assert.deepEqual([...AWS_REGIONS].sort(), own.sort());
    assert.deepEqual(AWS_REGIONS.filter(isOtherPartition), []);
  });

  it("is refused with a near name when nobody knows it", () => {
    const [aws = ""] = mistakes("aws", { region: "eu-centrall-1" });
    assert.match(
      aws,
      /^retrofitlink:cluster\.region: got "eu-centrall-1"; allowed is a region of AWS: .+\. Did you mean "eu-central-1"\?$/,
    );
    const [gcp = ""] = mistakes("gcp", { region: "europe-west33" });
    assert.match(gcp, /allowed is a region of Google Cloud: .+\. Did you mean "europe-west3"\?$/);
  });

  it("is no region of a partition for which nothing here was made", () => {
    for (const region of ["us-gov-west-1", "cn-north-1", "us-isob-east-1"]) {
      assert.deepEqual(mistakes("aws", { region }), [
        `retrofitlink:cluster.region: got "${region}"; allowed is a region of AWS outside China, the government's clouds and the European Sovereign Cloud. Choose another region: those are clouds by themselves, without half of what is used here.`,
      ]);
    }
  });

  it("has the zones that Google gave it, of which three do not begin with a", () => {
    assert.deepEqual(gcpZones("europe-west1"), ["europe-west1-b", "europe-west1-c", "europe-west1-d"]);
    assert.deepEqual(gcpZones("us-east1"), ["us-east1-b", "us-east1-c", "us-east1-d"]);
    assert.equal(gcpZones("us-central1").at(-1), "us-central1-f");
    assert.ok(GCP_REGIONS.every((region) => gcpZones(region).length >= 3));
    assert.deepEqual(mistakes("gcp", { zones: 4 }), [
      "retrofitlink:cluster.zones: got 4; allowed is at most 3, the zones of europe-west3. Nodes are in fewer zones than that: count again.",
    ]);
    assert.deepEqual(mistakes("gcp", { zones: 4, region: "us-central1" }), []);
  });
});

describe("cluster.subnetIds of a stack file", () => {
  it("has one for each zone", () => {
    const [one = "", two = ""] = CLUSTERS.aws.subnetIds;
    assert.deepEqual(mistakes("aws", { subnetIds: [one, two] }), [
      "retrofitlink:cluster.subnetIds: got 2 subnets; allowed is at least 3 different subnets, for cluster.zones is 3. Give one subnet for each zone.",
    ]);
    assert.deepEqual(mistakes("aws", { subnetIds: [one, two, one] }), [
      "retrofitlink:cluster.subnetIds: got a subnet twice; allowed is at least 3 different subnets, for cluster.zones is 3. Give one subnet for each zone.",
    ]);
  });
});

describe("cluster.namespace of a stack file", () => {
  it("belongs to the stack alone", () => {
    for (const namespace of ["default", "kube-system", "kube-public"]) {
      assert.deepEqual(mistakes("aws", { namespace }), [
        `retrofitlink:cluster.namespace: got "${namespace}"; allowed is a namespace of its own, not "default" and none of Kubernetes itself. Name another one: the stack owns it, and lets no pod with privileges run there.`,
      ]);
    }
    assert.equal(
      accepted((config) => (config["cluster"] = { ...CLUSTERS.gcp, namespace: "kubecost" })).cluster
        .namespace,
      "kubecost",
    );
  });
});

describe("names of managed caches in a stack file", () => {
  it("are refused with their line where the provider takes no more", () => {
    const name = "a".repeat(33);
    const cache = { kind: "memorystore", purpose: "cache", workingSetMiB: 64 };
    assert.deepEqual(mistakes("gcp", {}, { caches: { [name]: cache } }), [
      `retrofitlink:caches.${name}: got "${name}"; allowed is a DNS label of at most 32 characters, without two hyphens in a row. Rename the cache; the provider allows no more.`,
    ]);
    assert.deepEqual(
      mistakes("gcp", {}, { caches: { [name]: { ...cache, kind: undefined, cpuCores: 1 } } }),
      [],
    );
  });
});
