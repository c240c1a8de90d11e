/** Regions and zones that exist. */
import { UNKNOWN, isProperties, type Properties, type Value } from "../protocol/values";
import type { CheckProblem } from "../protocol/serve-provider";

/** botocore, endpoints.json: the partitions aws, aws-cn and aws-us-gov. */
const AWS_REGIONS: ReadonlySet<string> = new Set([
  "af-south-1",
  "ap-east-1",
  "ap-east-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-south-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ap-southeast-5",
  "ap-southeast-6",
  "ap-southeast-7",
  "ca-central-1",
  "ca-west-1",
  "cn-north-1",
  "cn-northwest-1",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-south-1",
  "eu-south-2",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "il-central-1",
  "me-central-1",
  "me-south-1",
  "mx-central-1",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-gov-east-1",
  "us-gov-west-1",
  "us-west-1",
  "us-west-2",
]);

/** cloud.google.com/compute/docs/regions-zones: letters of the zones where they are not a, b and c. */
const OTHER_ZONES: Readonly<Record<string, string>> = {
  "us-central1": "abcf",
  "us-east1": "bcd",
  "europe-west1": "bcd",
};

/** cloud.google.com/compute/docs/regions-zones. */
const GCP_REGIONS: ReadonlySet<string> = new Set([
  "africa-south1",
  "asia-east1",
  "asia-east2",
  "asia-northeast1",
  "asia-northeast2",
  "asia-northeast3",
  "asia-south1",
  "asia-south2",
  "asia-southeast1",
  "asia-southeast2",
  "asia-southeast3",
  "australia-southeast1",
  "australia-southeast2",
  "europe-central2",
  "europe-north1",
  "europe-north2",
  "europe-southwest1",
  "europe-west1",
  "europe-west2",
  "europe-west3",
  "europe-west4",
  "europe-west6",
  "europe-west8",
  "europe-west9",
  "europe-west10",
  "europe-west12",
  "me-central1",
  "me-central2",
  "me-west1",
  "northamerica-northeast1",
  "northamerica-northeast2",
  "northamerica-south1",
  "southamerica-east1",
  "southamerica-west1",
  "us-central1",
  "us-east1",
  "us-east4",
  "us-east5",
  "us-south1",
  "us-west1",
  "us-west2",
  "us-west3",
  "us-west4",
]);

export function placeProblems(type: string, inputs: Properties): CheckProblem[] {
  if (type.startsWith("aws:")) return awsProblems(inputs);
  return type.startsWith("gcp:") ? gcpProblems(inputs) : [];
}

/** A region that an AWS provider is configured with, or a resource is given. */
export function awsProblems({ region }: Properties): CheckProblem[] {
  if (typeof region !== "string" || region === UNKNOWN || AWS_REGIONS.has(region)) return [];
  return [{ property: "region", reason: `invalid AWS Region: ${region}` }];
}

function gcpProblems(inputs: Properties): CheckProblem[] {
  const { region } = inputs;
  const wrong = typeof region === "string" && region !== UNKNOWN && !GCP_REGIONS.has(last(region));
  return [
    ...(wrong ? [{ property: "region", reason: `unknown region: got ${JSON.stringify(region)}` }] : []),
    ...texts(inputs, "").flatMap(({ path, text }) => zoneProblem(path, text)),
  ];
}

/** A region is given by its name or by its address. */
function last(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function zoneProblem(path: string, text: string): CheckProblem[] {
  const zone =
    /\/zones\/([a-z0-9-]+)/.exec(text)?.[1] ??
    (/^(?:zone|locationId|alternativeLocationId)$/.test(path) ? text : undefined);
  if (zone === undefined) return [];
  const [, region = "", letter = ""] = /^(.+)-([a-z])$/.exec(zone) ?? [];
  const letters = OTHER_ZONES[region] ?? "abc";
  if (GCP_REGIONS.has(region) && letters.includes(letter)) return [];
  const allowed = GCP_REGIONS.has(region)
    ? [...letters].map((known) => `${region}-${known}`).join(", ")
    : "a zone of Google Cloud";
  return [{ property: path, reason: `there is no zone ${JSON.stringify(zone)}; allowed is ${allowed}` }];
}

/** Every text inside, with the path where it is. */
export function texts(value: Value, path: string): { readonly path: string; readonly text: string }[] {
  if (typeof value === "string") return value === UNKNOWN ? [] : [{ path, text: value }];
  if (Array.isArray(value)) {
    return (value as readonly Value[]).flatMap((item, index) => texts(item, `${path}[${index}]`));
  }
  if (!isProperties(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, path === "" ? key : `${path}.${key}`));
}
