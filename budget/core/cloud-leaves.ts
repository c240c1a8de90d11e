/** Settings of the clouds that several nouns have: regions, zones, and ids of what is there already. */
import { list, ruled, text, type About } from "./settings";
import type { z } from "zod";

/** A region of AWS. Which ones there are is another rule. */
export const awsRegion = text(/^[a-z]{2}(-[a-z]+)+-\d$/, {
  allowed: "an AWS region, like eu-central-1",
  fix: "Give the cluster's region.",
});

const subnetId = text(/^subnet-[0-9a-f]{8,17}$/, {
  allowed: "the id of a subnet, like subnet-0a1b2c3d",
  fix: "See `aws ec2 describe-subnets`.",
});

/** What is said of too few subnets. */
export const TWO_SUBNETS = {
  allowed: "at least 2 subnets, in different zones",
  fix: "Give a subnet for each zone.",
};

/** Subnets in at least two zones. @param what which ones, as a phrase */
export function subnetIds(what: string): z.ZodArray<typeof subnetId> {
  const ids = list(subnetId, { allowed: `a list of ids of ${what}`, fix: "Give one for each zone." });
  return ruled(ids, ({ length }) => length >= 2, TWO_SUBNETS);
}

/** A security group. @param fix which one */
export function securityGroupId(fix: string): z.ZodString {
  return text(/^sg-[0-9a-f]{8,17}$/, {
    allowed: "the id of a security group, like sg-0a1b2c3d",
    fix,
  });
}

/** What is said of the zones of a cluster of Google Cloud. */
export const NODE_ZONES: Pick<About, "fix"> = {
  fix: "Name the zones of the cluster's nodes; see `gcloud container clusters describe`.",
};

/** Zones of Google Cloud, at least one. */
export const gcpZoneNames = ruled(
  list(text(/^[a-z]+-[a-z]+\d+-[a-z]$/, { allowed: "a zone, like europe-west3-a", ...NODE_ZONES }), {
    allowed: "a list of zones",
    ...NODE_ZONES,
  }),
  ({ length }) => length > 0,
  { allowed: "at least one zone", ...NODE_ZONES },
);
