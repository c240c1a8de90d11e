import type * as compute from "@pulumi/gcp/compute";
import * as logging from "@pulumi/gcp/logging";
import * as pulumi from "@pulumi/pulumi";

import { physicalName } from "../../../shared/physical-name";
import { transformed } from "../../../shared/transform";
import type { CompleteGcpArgs } from "./gcp-load-balancer-args";

/** Cloud Logging takes 100 characters. */
const LONGEST_LOG_BUCKET = 100;

/** A log bucket with a retention of its own: the project's default keeps everything for 30 days. */
export function gcpAccessLogs(
  name: string,
  { location, accessLogDays, transform = {} }: CompleteGcpArgs,
  prefix: string,
  urlMap: compute.URLMap,
  parent: pulumi.Resource,
): void {
  const child = { parent };
  const bucket = new logging.ProjectBucketConfig(
    ...transformed<logging.ProjectBucketConfigArgs>(
      transform.accessLogs,
      `${name}-access-logs`,
      {
        project: location.project,
        location: location.region,
        // The provider takes over a bucket that is there already: another stack's has to have another name.
        bucketId: physicalName(`${prefix}-access-logs`, LONGEST_LOG_BUCKET),
        retentionDays: accessLogDays,
        description: "Requests to the load balancer",
      },
      child,
    ),
  );
  new logging.ProjectSink(
    ...transformed<logging.ProjectSinkArgs>(
      transform.accessLogsSink,
      `${name}-access-logs-sink`,
      {
        project: location.project,
        destination: pulumi.interpolate`logging.googleapis.com/${bucket.id}`,
        filter: pulumi.interpolate`resource.type="http_load_balancer" AND resource.labels.url_map_name="${urlMap.name}"`,
        uniqueWriterIdentity: true,
      },
      child,
    ),
  );
}
