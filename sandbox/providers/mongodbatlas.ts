/**
 * Stand-in of MongoDB Atlas. It keeps what Atlas would have in a file, so that a cluster can be looked up and can scale
 * between two runs, and refuses what Atlas and its provider are known to refuse.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { SANDBOX } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { atlasProblems } from "./atlas-rules";
import { examine } from "./clouds/judge";
import { CloudProvider } from "./cloud";
import {
  serveProvider,
  type CheckArgs,
  type CheckResult,
  type CreateArgs,
  type ExistingArgs,
  type UpdateArgs,
} from "./protocol/serve-provider";
import { changes, isProperties, type Properties, type Value } from "./protocol/values";

const CLUSTER = "mongodbatlas:index/advancedCluster:AdvancedCluster";
const ENDPOINT = "mongodbatlas:index/privateLinkEndpointService:PrivateLinkEndpointService";

/** What Atlas has, by `project/name` and `project/endpoint`. */
interface AtlasWorld {
  readonly clusters: Record<string, Properties>;
  /** Ids of private endpoints by project. */
  readonly endpoints: Record<string, string[]>;
}

/** Where the stand-in keeps what Atlas has. `make down` removes it. */
export const ATLAS_WORLD = join(SANDBOX, "atlas.json");

export function readAtlas(): AtlasWorld {
  if (!existsSync(ATLAS_WORLD)) return { clusters: {}, endpoints: {} };
  return JSON.parse(readFileSync(ATLAS_WORLD, "utf8")) as AtlasWorld;
}

export function writeAtlas(world: AtlasWorld): void {
  mkdirSync(dirname(ATLAS_WORLD), { recursive: true });
  // A run that dies while it writes leaves the old file.
  writeFileSync(`${ATLAS_WORLD}.new`, JSON.stringify(world));
  renameSync(`${ATLAS_WORLD}.new`, ATLAS_WORLD);
}

/** Digits as Atlas gives them to its objects. */
function objectId(of: string): string {
  return createHash("sha256").update(of).digest("hex").slice(0, 24);
}

function text(value: Value): string {
  return typeof value === "string" ? value : "";
}

function keyOf(inputs: Properties): string {
  return `${text(inputs["projectId"])}/${text(inputs["name"])}`;
}

/** Outputs that Atlas adds. */
function invent(type: string, id: string, inputs: Properties): Properties {
  const digits = objectId(id);
  if (type.endsWith(":PrivateLinkEndpoint")) {
    const region = text(inputs["region"]).toLowerCase().replaceAll("_", "-");
    return inputs["providerName"] === "AWS"
      ? {
          privateLinkId: digits,
          endpointServiceName: `com.amazonaws.vpce.${region}.vpce-svc-${digits.slice(0, 17)}`,
          serviceAttachmentNames: [],
        }
      : {
          privateLinkId: digits,
          endpointServiceName: "",
          serviceAttachmentNames: [`projects/p-${digits}/regions/${region}/serviceAttachments/sa-${digits}`],
        };
  }
  if (type === CLUSTER) return { clusterId: digits, connectionStrings: connectionStrings(inputs, digits) };
  return {};
}

/** A cluster has the private strings of the endpoints that were there when it was made. */
function connectionStrings(inputs: Properties, digits: string): Properties {
  const host = `${text(inputs["name"]).toLowerCase()}.${digits.slice(0, 5)}.mongodb.net`;
  const endpoints = readAtlas().endpoints[text(inputs["projectId"])] ?? [];
  return {
    standardSrv: `mongodb+srv://${host}`,
    privateEndpoints: endpoints.map((endpointId, index) => ({
      type: "MONGOS",
      srvConnectionString: `mongodb+srv://${host.replace(".", `-pl-${index}.`)}`,
      endpoints: [{ endpointId }],
    })),
  };
}

/** What a node gets that the request does not say. */
function asAtlasHasIt(specs: Value): Value {
  if (Array.isArray(specs)) return (specs as readonly Value[]).map(asAtlasHasIt);
  if (!isProperties(specs)) return specs;
  const entries = Object.entries(specs).map(([key, value]): [string, Value] => [key, asAtlasHasIt(value)]);
  const filled = Object.fromEntries(entries);
  return "instanceSize" in filled ? { diskSizeGb: 10, ebsVolumeType: "STANDARD", ...filled } : filled;
}

export class AtlasProvider extends CloudProvider {
  constructor() {
    super("mongodbatlas", invent);
  }

  override check(args: CheckArgs): CheckResult {
    const { inputs, problems = [] } = super.check(args);
    const refused = atlasProblems(args.type, inputs).map(({ property, reason }) => ({
      property,
      reason: examine(reason, args.name, property),
    }));
    return { inputs, problems: [...problems, ...refused] };
  }

  override async create(args: CreateArgs): Promise<{ id: string; outputs: Properties }> {
    const { type, inputs, preview } = args;
    const world = readAtlas();
    if (!preview && type === CLUSTER && world.clusters[keyOf(inputs)] !== undefined) {
      throw new UserError(
        `Atlas has a cluster "${text(inputs["name"])}" in this project (DUPLICATE_CLUSTER_NAME)`,
      );
    }
    const created = await super.create(args);
    if (preview) return created;
    if (type === CLUSTER) {
      world.clusters[keyOf(inputs)] = {
        ...inputs,
        replicationSpecs: asAtlasHasIt(inputs["replicationSpecs"]),
      };
      writeAtlas(world);
    }
    if (type === ENDPOINT) {
      const project = text(inputs["projectId"]);
      world.endpoints[project] = [...(world.endpoints[project] ?? []), text(inputs["endpointServiceId"])];
      writeAtlas(world);
    }
    return created;
  }

  /** The provider sends what differs from its state, and a list as a whole. */
  override async update(args: UpdateArgs): Promise<Properties> {
    const { type, inputs, outputs, preview } = args;
    if (type === CLUSTER && !preview) {
      const world = readAtlas();
      const key = keyOf(inputs);
      const sent = changes(outputs["replicationSpecs"], inputs["replicationSpecs"]).length > 0;
      const specs = sent
        ? asAtlasHasIt(inputs["replicationSpecs"])
        : world.clusters[key]?.["replicationSpecs"];
      world.clusters[key] = { ...inputs, replicationSpecs: specs };
      writeAtlas(world);
    }
    return await super.update(args);
  }

  /** A cluster as Atlas has it now. */
  override async read(args: ExistingArgs): Promise<Properties> {
    const outputs = await super.read(args);
    if (args.type !== CLUSTER) return outputs;
    const cluster = readAtlas().clusters[keyOf(outputs)];
    return { ...outputs, ...cluster };
  }

  override async delete(args?: ExistingArgs): Promise<void> {
    if (args?.type === CLUSTER) {
      if (args.outputs["terminationProtectionEnabled"] === true) {
        throw new UserError(
          "Atlas does not terminate a protected cluster (CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED)",
          "set terminationProtectionEnabled to false first",
        );
      }
      const world = readAtlas();
      const left = Object.entries(world.clusters).filter(([key]) => key !== keyOf(args.outputs));
      writeAtlas({ ...world, clusters: Object.fromEntries(left) });
    }
    await super.delete();
  }

  override async invoke(token: string, args: Properties): Promise<Properties> {
    if (token !== "mongodbatlas:index/getAdvancedClusters:getAdvancedClusters")
      return await super.invoke(token, args);
    const { clusters } = readAtlas();
    const projectId = text(args["projectId"]);
    const results = Object.values(clusters).filter((cluster) => cluster["projectId"] === projectId);
    return { projectId, results };
  }
}

if (require.main === module) serveProvider(new AtlasProvider(), "@pulumi/mongodbatlas");
