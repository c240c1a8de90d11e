/** Regions of the clouds in the names of MongoDB Atlas. Source: its pages on AWS and Google Cloud, read on 2026-11-25. */
import type { AtlasCloud } from "./atlas-tiers";

/** Atlas writes AWS's names in capitals and with underscores. */
const AWS_REGIONS = [
  "af-south-1",
  "ap-east-1",
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

/** The oldest of Google's regions have names of Atlas's own. */
const GCP_REGIONS: Readonly<Record<string, string>> = {
  "africa-south1": "AFRICA_SOUTH_1",
  "asia-east1": "EASTERN_ASIA_PACIFIC",
  "asia-east2": "ASIA_EAST_2",
  "asia-northeast1": "NORTHEASTERN_ASIA_PACIFIC",
  "asia-northeast2": "ASIA_NORTHEAST_2",
  "asia-northeast3": "ASIA_NORTHEAST_3",
  "asia-south1": "ASIA_SOUTH_1",
  "asia-south2": "ASIA_SOUTH_2",
  "asia-southeast1": "SOUTHEASTERN_ASIA_PACIFIC",
  "asia-southeast2": "ASIA_SOUTHEAST_2",
  "australia-southeast1": "AUSTRALIA_SOUTHEAST_1",
  "australia-southeast2": "AUSTRALIA_SOUTHEAST_2",
  "europe-central2": "EUROPE_CENTRAL_2",
  "europe-north1": "EUROPE_NORTH_1",
  "europe-southwest1": "EUROPE_SOUTHWEST_1",
  "europe-west1": "WESTERN_EUROPE",
  "europe-west10": "EUROPE_WEST_10",
  "europe-west12": "EUROPE_WEST_12",
  "europe-west2": "EUROPE_WEST_2",
  "europe-west3": "EUROPE_WEST_3",
  "europe-west4": "EUROPE_WEST_4",
  "europe-west6": "EUROPE_WEST_6",
  "europe-west8": "EUROPE_WEST_8",
  "europe-west9": "EUROPE_WEST_9",
  "me-central1": "MIDDLE_EAST_CENTRAL_1",
  "me-central2": "MIDDLE_EAST_CENTRAL_2",
  "me-west1": "MIDDLE_EAST_WEST_1",
  "northamerica-northeast1": "NORTH_AMERICA_NORTHEAST_1",
  "northamerica-northeast2": "NORTH_AMERICA_NORTHEAST_2",
  "northamerica-south1": "NORTH_AMERICA_SOUTH_1",
  "southamerica-east1": "SOUTH_AMERICA_EAST_1",
  "southamerica-west1": "SOUTH_AMERICA_WEST_1",
  "us-central1": "CENTRAL_US",
  "us-east1": "EASTERN_US",
  "us-east4": "US_EAST_4",
  "us-east5": "US_EAST_5",
  "us-south1": "US_SOUTH_1",
  "us-west1": "WESTERN_US",
  "us-west2": "US_WEST_2",
  "us-west3": "US_WEST_3",
  "us-west4": "US_WEST_4",
};

/** Regions of a cloud that Atlas has, in the cloud's names. */
export function regionsOfAtlas(cloud: AtlasCloud): readonly string[] {
  return cloud === "aws" ? AWS_REGIONS : Object.keys(GCP_REGIONS);
}

/** `eu-central-1` is `EU_CENTRAL_1`, `europe-west1` is `WESTERN_EUROPE`; undefined where Atlas is not. */
export function atlasRegion(cloud: AtlasCloud, region: string): string | undefined {
  if (!regionsOfAtlas(cloud).includes(region)) return undefined;
  return cloud === "gcp" ? GCP_REGIONS[region] : region.toUpperCase().replaceAll("-", "_");
}
