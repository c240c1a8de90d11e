import { createHash } from "node:crypto";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** Digest of what a ConfigMap holds, after its transform. */
export function checksum(data: k8s.core.v1.ConfigMapArgs["data"]): pulumi.Output<string> {
  return pulumi.output(data).apply((held) =>
    createHash("sha256")
      .update(JSON.stringify(held ?? {}))
      .digest("hex"),
  );
}
