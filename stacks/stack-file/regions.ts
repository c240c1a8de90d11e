/** Regions in which a stack can be, as AWS and Google named them in 2026. */

/** AWS without its partitions for China and for governments. Source: the `Region` of @pulumi/aws, to which a test holds it. */
export const AWS_REGIONS: readonly string[] = [
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
  "us-west-1",
  "us-west-2",
];

/** True for a region of China, of a government or of the European Sovereign Cloud, each of which is a cloud by itself. */
export function isOtherPartition(region: string): boolean {
  return /^(cn|eusc|[a-z]+-iso[a-z]?|us-gov)-/.test(region);
}

/** Last letters of the zones of a region, where they are not a, b and c. */
const OTHER_ZONES: Readonly<Record<string, string>> = {
  "europe-west1": "bcd",
  "us-central1": "abcf",
  "us-east1": "bcd",
};

/** Google Cloud. Source: its page "Regions and zones", 2026. */
export const GCP_REGIONS: readonly string[] = [
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
  "europe-west10",
  "europe-west12",
  "europe-west2",
  "europe-west3",
  "europe-west4",
  "europe-west6",
  "europe-west8",
  "europe-west9",
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
];

/** Zones of a region of Google Cloud: `europe-west1-b`, `europe-west1-c`, `europe-west1-d`. */
export function gcpZones(region: string): string[] {
  return [...(OTHER_ZONES[region] ?? "abc")].map((letter) => `${region}-${letter}`);
}
