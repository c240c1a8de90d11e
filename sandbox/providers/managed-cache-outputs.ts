/** What a cloud adds to a managed cache once it is there: addresses, and what only the cloud can make. */
import type { Properties } from "./protocol/values";

/** A certificate only in its form: nothing in the sandbox opens a connection with it. */
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nc2FuZGJveA==\n-----END CERTIFICATE-----\n";

const OUTPUTS: Readonly<Record<string, (id: string, inputs: Properties) => Properties>> = {
  "aws:elasticache/replicationGroup:ReplicationGroup": (id, inputs) => {
    const domain = `${id}.abc123.euc1.cache.amazonaws.com`;
    const members = Array.from(
      { length: Number(inputs["numCacheClusters"] ?? 1) },
      (_, i) => `${id}-${String(i + 1).padStart(3, "0")}`,
    );
    return {
      replicationGroupId: id,
      primaryEndpointAddress: `master.${domain}`,
      readerEndpointAddress: `replica.${domain}`,
      memberClusters: members,
    };
  },
  "gcp:redis/instance:Instance": (id) => ({
    host: "10.64.0.4",
    port: 6378,
    authString: `auth-of-${id}`,
    serverCaCerts: [
      { cert: CERTIFICATE, createTime: "", expireTime: "", serialNumber: "", sha1Fingerprint: "" },
    ],
  }),
};

/** Nothing for other types. */
export function managedCacheOutputs(type: string, id: string, inputs: Properties): Properties {
  return OUTPUTS[type]?.(id, inputs) ?? {};
}
