import assert from "node:assert/strict";

import { atlasProblems } from "../../../sandbox/providers/atlas-rules";
import { UNKNOWN, type Properties } from "../../../sandbox/providers/protocol/values";

const token = (noun: string): string => `mongodbatlas:index/x:${noun}`;

const region = (more: Properties = {}): Properties => ({
  electableSpecs: { instanceSize: "M40", nodeCount: 3, diskSizeGb: 80 },
  readOnlySpecs: { instanceSize: "M40", nodeCount: 1, diskSizeGb: 80 },
  autoScaling: {
    computeEnabled: true,
    computeScaleDownEnabled: true,
    computeMinInstanceSize: "M30",
    computeMaxInstanceSize: "M60",
    diskGbEnabled: true,
  },
  ...more,
});

const cluster = (regions: readonly Properties[], more: Properties = {}): Properties => ({
  clusterType: "SHARDED",
  backupEnabled: true,
  pitEnabled: true,
  advancedConfiguration: { oplogMinRetentionHours: 24 },
  replicationSpecs: regions.map((one) => ({ regionConfigs: [one] })),
  ...more,
});

const properties = (noun: string, inputs: Properties): string[] =>
  atlasProblems(token(noun), inputs).map(({ property }) => property);

describe("rules of the sandbox's Atlas", () => {
  it("let a sound cluster pass, and what nobody knows yet", () => {
    assert.deepEqual(atlasProblems(token("AdvancedCluster"), cluster([region(), region()])), []);
    assert.deepEqual(atlasProblems(token("AdvancedCluster"), cluster([], { replicationSpecs: UNKNOWN })), []);
    assert.deepEqual(atlasProblems(token("Project"), { orgId: "o" }), []);
  });

  it("ask for bounds of the auto-scaling, and a tier between them", () => {
    const at = "replicationSpecs[0].regionConfigs[0]";
    const scaling = { computeEnabled: true, computeScaleDownEnabled: true, diskGbEnabled: true };
    assert.deepEqual(properties("AdvancedCluster", cluster([region({ autoScaling: scaling })])), [
      `${at}.autoScaling.computeMaxInstanceSize`,
      `${at}.autoScaling.computeMinInstanceSize`,
    ]);
    const electableSpecs = { instanceSize: "M80", nodeCount: 3 };
    const readOnlySpecs = { instanceSize: "M80", nodeCount: 1 };
    assert.deepEqual(properties("AdvancedCluster", cluster([region({ electableSpecs, readOnlySpecs })])), [
      `${at}.electableSpecs.instanceSize`,
    ]);
  });

  it("ask for one tier in a shard and one volume in all", () => {
    const other = region({ readOnlySpecs: { instanceSize: "M50", nodeCount: 1, diskSizeGb: 100 } });
    assert.deepEqual(properties("AdvancedCluster", cluster([region(), other])), [
      "replicationSpecs[1].regionConfigs[0].readOnlySpecs.instanceSize",
      "replicationSpecs",
    ]);
  });

  it("ask for what backups and the oplog need", () => {
    assert.deepEqual(properties("AdvancedCluster", cluster([region()], { backupEnabled: false })), [
      "pitEnabled",
    ]);
    const autoScaling = { diskGbEnabled: false };
    assert.deepEqual(properties("AdvancedCluster", cluster([region({ autoScaling })])), [
      "advancedConfiguration.oplogMinRetentionHours",
    ]);
    const hourly = { retentionUnit: "days", retentionValue: 7 };
    const daily = { retentionUnit: "days", retentionValue: 2 };
    assert.deepEqual(
      properties("CloudBackupSchedule", {
        policyItemHourly: hourly,
        policyItemDaily: daily,
        restoreWindowDays: 8,
      }),
      ["policyItemDaily.retentionValue", "restoreWindowDays"],
    );
  });

  it("ask for what a private endpoint needs on each cloud", () => {
    const mapped = { providerName: "AWS", portMappingEnabled: true };
    assert.deepEqual(properties("PrivateLinkEndpoint", mapped), ["portMappingEnabled"]);
    assert.deepEqual(properties("PrivateLinkEndpoint", { providerName: "aws" }), ["providerName"]);
    assert.deepEqual(properties("PrivateLinkEndpointService", { providerName: "GCP" }), [
      "gcpProjectId",
      "privateEndpointIpAddress",
    ]);
    assert.deepEqual(properties("PrivateLinkEndpointService", { providerName: "AWS" }), []);
  });

  it("ask for the threshold of an alert, and no notification more often than every five minutes", () => {
    const alert = { eventType: "OUTSIDE_METRIC_THRESHOLD", notifications: [{ intervalMin: 1 }] };
    assert.deepEqual(properties("AlertConfiguration", alert), [
      "metricThresholdConfig",
      "notifications[0].intervalMin",
    ]);
  });
});
