/** Stand-in of the official Kubernetes provider. What it does differently is listed in sandbox/README.md. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../../cli/user-error";
import {
  ApiError,
  KubernetesClient,
  connectionFromKubeconfig,
  type DeletionPropagation,
  type KubernetesObject,
} from "../../cluster/kubernetes-client";
import {
  NotInitialized,
  type CheckArgs,
  type CheckResult,
  type CreateArgs,
  type ExistingArgs,
  type Replacement,
  type StandIn,
  type UpdateArgs,
} from "../protocol/serve-provider";
import {
  UNKNOWN,
  at,
  containsUnknown,
  isProperties,
  type Change,
  type Properties,
  type Value,
} from "../protocol/values";
import { CREATOR, fieldManagerOf, isForcedAtPreview, takenOver } from "./field-managers";
import { isAutonamed, objectId, withName } from "./naming";
import { patienceFor, untilReady } from "./readiness";
import { replacingPaths } from "./replacement";

/** Set by the server at the moment of creation, so not known at preview. */
const DECIDED_AT_CREATION = ["uid", "creationTimestamp", "resourceVersion", "generation"];

/** How long a deletion may take, ms, as in the official provider. */
const GONE_WITHIN_MS = 600_000;

/** Kinds of the SDK that are not objects of the API server. */
const HELM_RELEASE = "kubernetes:helm.sh/v3:Release";

export class KubernetesProvider implements StandIn {
  private connected: KubernetesClient | undefined;
  private settings: Properties = {};
  /** Resources that the state has: one of them that is created is being replaced. */
  private readonly inState = new Set<string>();
  private readonly cancelled = new AbortController();
  private live: Promise<boolean> | undefined;

  cancel(): void {
    this.cancelled.abort();
  }

  configure(settings: Properties): void {
    this.settings = settings;
  }

  check({ type, name, news, olds, randomSeed }: CheckArgs): CheckResult {
    if (type === HELM_RELEASE) return { inputs: news };
    if (type.endsWith("Patch") || type.endsWith("List")) {
      const reason = `the sandbox has no ${type.split(":").pop()}; use the official provider for it`;
      return { inputs: news, problems: [{ property: "", reason }] };
    }
    if (at(news, "kind") === undefined || at(news, "apiVersion") === undefined) {
      const reason = `${type} carries no apiVersion and kind; the sandbox serves API objects and Helm releases`;
      return { inputs: news, problems: [{ property: "", reason }] };
    }
    return { inputs: withName(news, olds, name, randomSeed) };
  }

  replacement(
    type: string,
    differences: readonly Change[],
    inputs: Properties,
    olds: Properties,
    urn = "",
  ): Replacement {
    this.inState.add(urn);
    if (type === HELM_RELEASE) return { paths: [], deleteFirst: false };
    const paths = replacingPaths(
      text(inputs, "apiVersion"),
      text(inputs, "kind"),
      differences.map(({ path }) => path),
      {
        configMaps: this.enabled("enableConfigMapMutable"),
        secrets: this.enabled("enableSecretMutable"),
        immutable: at(inputs, "immutable") === true,
      },
    );
    // Two objects of one name cannot exist side by side.
    const sameName = !isAutonamed(inputs) && objectId(inputs) === objectId(olds);
    return { paths, deleteFirst: paths.length > 0 && sameName };
  }

  async create({
    type,
    urn,
    name,
    inputs,
    preview,
    timeoutSeconds,
  }: CreateArgs): Promise<{ id: string; outputs: Properties }> {
    if (type === HELM_RELEASE) return { id: preview ? "" : name, outputs: { ...inputs, status: {} } };
    const fieldManager = fieldManagerOf(urn);
    const applied = containsUnknown(inputs) ? undefined : await this.make(urn, inputs, preview);
    if (!preview && applied !== undefined) {
      const ready = await this.ready(applied, inputs, fieldManager, timeoutSeconds);
      return { id: objectId(ready) ?? "", outputs: ready };
    }
    const outputs = applied === undefined ? inputs : withUnknowns(applied);
    return { id: "", outputs: { ...outputs, __fieldManager: fieldManager } };
  }

  async update({ type, urn, inputs, outputs, preview, timeoutSeconds }: UpdateArgs): Promise<Properties> {
    if (type === HELM_RELEASE) return { ...inputs, status: {} };
    const stored = outputs["__fieldManager"];
    const fieldManager = typeof stored === "string" ? stored : fieldManagerOf(urn);
    // The server cannot judge half an object.
    const applied = containsUnknown(inputs) ? undefined : await this.change(inputs, fieldManager, preview);
    if (!preview && applied !== undefined) {
      return await this.ready(applied, inputs, fieldManager, timeoutSeconds);
    }
    return { ...(applied ?? inputs), __fieldManager: fieldManager };
  }

  /**
   * Waits until what was made is ready, where somebody makes it so.
   *
   * @returns the outputs
   * @throws NotInitialized with what is missing
   */
  private async ready(
    applied: Properties,
    inputs: Properties,
    fieldManager: string,
    timeoutSeconds: number,
  ): Promise<Properties> {
    const object = applied as unknown as KubernetesObject;
    const patience = patienceFor(object, timeoutSeconds);
    const own = { __fieldManager: fieldManager };
    if (patience === undefined || !(await this.isLive())) return { ...applied, ...own };
    const { live, missing } = await untilReady(this.client(), object, patience, this.cancelled.signal);
    const outputs = { ...withoutManagedFields(live), ...own };
    if (missing.length === 0) return outputs;
    const id = objectId(outputs) ?? "";
    // The engine shows the reasons and not the message.
    const what = `the ${object.kind} "${id}" was made and did not become ready`;
    throw new NotInitialized(what, id, outputs, inputs, [what, ...missing]);
  }

  /** A cluster without nodes runs nothing: nothing would ever become ready there, or empty a namespace. */
  private isLive(): Promise<boolean> {
    this.live ??= this.client()
      .list("v1", "Node")
      .then((nodes) => nodes.length > 0);
    return this.live;
  }

  /** Also reads what the program only looks up, of which nothing is known but type and id. */
  async read({ type, id, inputs, outputs }: ExistingArgs): Promise<Properties | undefined> {
    if (type === HELM_RELEASE) return outputs;
    const live = await this.client().read(identify(outputs, inputs, id, type));
    if (live === undefined) return undefined;
    return { ...withoutManagedFields(live), __fieldManager: outputs["__fieldManager"] };
  }

  async delete({ type, id, inputs, outputs }: ExistingArgs): Promise<void> {
    if (type === HELM_RELEASE) return;
    const object = identify(outputs, inputs, id);
    const client = this.client();
    try {
      if (await this.isLive()) {
        await this.deleteLive(object, outputs);
        return;
      }
      await client.delete(object, propagation(outputs) ?? "Background");
      if (object.kind === "Namespace") {
        // No controller empties and finalizes it here; the engine has deleted what this stack put inside.
        const live = await client.read(object);
        if (live !== undefined) await client.finalizeNamespace(live);
        return;
      }
      // Nor is there an operator that would do what the finalizers are for.
      if (at(outputs, "metadata.finalizers") !== undefined) await client.removeFinalizers(object);
    } catch (error) {
      if (error instanceof ApiError && error.reason === "NoMatch") return;
      throw describe(object, error);
    }
  }

  /** Deletes and waits until it is gone with all that belongs to it. */
  private async deleteLive(object: KubernetesObject, outputs: Properties): Promise<void> {
    const client = this.client();
    const finalizers = at(outputs, "metadata.finalizers");
    // Those of Kubernetes itself have their controller; those of operators have none here.
    const own = Array.isArray(finalizers)
      ? finalizers.filter((name) => typeof name === "string" && !name.startsWith("kubernetes.io/"))
      : [];
    if (own.length > 0) await client.removeFinalizers(object);
    await client.delete(object, propagation(outputs) ?? "Foreground");
    for (const deadline = Date.now() + GONE_WITHIN_MS; ; await sleep(200)) {
      if ((await client.read(object)) === undefined || this.cancelled.signal.aborted) return;
      if (Date.now() > deadline) {
        throw new Error(
          `${object.kind} "${objectName(object)}" is still there after ${GONE_WITHIN_MS / 1000} s`,
        );
      }
    }
  }

  invoke(token: string): Promise<Properties> {
    return Promise.reject(
      new UserError(
        `the sandbox's Kubernetes provider has no function ${token}`,
        "render the objects in TypeScript, or run the stack with the official provider",
      ),
    );
  }

  /** Undefined at preview, when the kind is yet to come. */
  private async make(urn: string, inputs: Properties, preview: boolean): Promise<Properties | undefined> {
    const object = await this.withNamespace(inputs as unknown as KubernetesObject);
    const client = this.client();
    const name = objectName(object);
    try {
      if (this.enabled("upsertExistingObjects")) {
        const options = {
          fieldManager: fieldManagerOf(urn),
          force: preview || isForced(inputs),
          dryRun: preview,
        };
        return withoutManagedFields(await client.apply(object, options));
      }
      // At preview the object that is to be replaced is still there.
      const made = preview && this.inState.has(urn) ? renamed(object) : object;
      const created = await client.create(made, { fieldManager: CREATOR, dryRun: preview });
      return withoutManagedFields({ ...created, metadata: { ...created.metadata, name } });
    } catch (error) {
      if (preview && isMissingNamespace(error)) return await this.makeElsewhere(object);
      // The definition may come with the same deployment.
      if (preview && error instanceof ApiError && error.reason === "NoMatch") return undefined;
      throw describe(object, error);
    }
  }

  /**
   * At preview the namespace may be among the things to come. The server still judges the object: as one in the
   * namespace `default`.
   */
  private async makeElsewhere(object: KubernetesObject): Promise<Properties> {
    const elsewhere = renamed({ ...object, metadata: { ...object.metadata, namespace: "default" } });
    try {
      const judged = await this.client().create(elsewhere, { fieldManager: CREATOR, dryRun: true });
      const { name = "", namespace } = object.metadata;
      return withoutManagedFields({ ...judged, metadata: { ...judged.metadata, name, namespace } });
    } catch (error) {
      throw describe(object, error);
    }
  }

  private async change(inputs: Properties, fieldManager: string, preview: boolean): Promise<Properties> {
    const object = await this.withNamespace(inputs as unknown as KubernetesObject);
    const client = this.client();
    try {
      const live = await client.read(object);
      if (live === undefined) throw new ApiError(404, "NotFound", "it is not there any more");
      const taken = preview ? undefined : takenOver(live, fieldManager);
      if (taken !== undefined) await client.setManagedFields(live, taken);
      const force = isForced(inputs) || (preview && isForcedAtPreview(live));
      return withoutManagedFields(await client.apply(object, { fieldManager, force, dryRun: preview }));
    } catch (error) {
      throw describe(object, error);
    }
  }

  private async withNamespace(object: KubernetesObject): Promise<KubernetesObject> {
    const configured = this.settings["namespace"];
    if (object.metadata.namespace !== undefined || typeof configured !== "string") return object;
    const namespaced = await this.client().isNamespaced(object.apiVersion, object.kind);
    return namespaced ? { ...object, metadata: { ...object.metadata, namespace: configured } } : object;
  }

  private enabled(setting: string): boolean {
    // Provider settings travel as text.
    return this.settings[setting] === true || this.settings[setting] === "true";
  }

  private client(): KubernetesClient {
    if (this.connected === undefined) {
      const kubeconfig = process.env["KUBECONFIG"];
      if (kubeconfig === undefined || kubeconfig === "") {
        throw new UserError(
          "KUBECONFIG is not set, so the sandbox's Kubernetes provider does not know its API server",
          'run `make up`, or set the environment with eval "$(make -s env)"',
        );
      }
      this.connected = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
    }
    return this.connected;
  }
}

function text(object: Properties, key: string): string {
  const value = object[key];
  return typeof value === "string" ? value : "";
}

function objectName({ metadata }: KubernetesObject): string {
  return metadata.name ?? "";
}

/** The same object under a name that nothing has, for a dry run beside what is there. */
function renamed(object: KubernetesObject): KubernetesObject {
  const name = `${objectName(object).slice(0, 40)}-${randomBytes(4).toString("hex")}`;
  return { ...object, metadata: { ...object.metadata, name } };
}

function isForced(inputs: Properties): boolean {
  const annotations = at(inputs, "metadata.annotations");
  return isProperties(annotations) && annotations["pulumi.com/patchForce"] === "true";
}

function withoutManagedFields(object: KubernetesObject): Properties {
  const metadata: Record<string, unknown> = { ...object.metadata };
  delete metadata["managedFields"];
  return { ...object, metadata } as unknown as Properties;
}

function withUnknowns(object: Properties): Properties {
  const metadata: Record<string, Value> = { ...(object["metadata"] as Properties) };
  for (const field of DECIDED_AT_CREATION) if (field in metadata) metadata[field] = UNKNOWN;
  const result: Record<string, Value> = { ...object, metadata };
  if ("status" in object) result["status"] = UNKNOWN;
  const spec = object["spec"];
  if (object["kind"] === "Service" && isProperties(spec)) {
    result["spec"] = { ...spec, ...unknownAddresses(spec) };
  }
  return result;
}

/** A dry run hands out an address that nobody keeps. */
function unknownAddresses(spec: Properties): Properties {
  if (spec["clusterIP"] === "None") return {};
  return Object.fromEntries(
    ["clusterIP", "clusterIPs"].filter((key) => key in spec).map((key) => [key, UNKNOWN]),
  );
}

function identify(outputs: Properties, inputs: Properties, id: string, type = ""): KubernetesObject {
  const source = [outputs, inputs].find((one) => one["kind"] !== undefined) ?? ofType(type);
  const [namespace, name] = id.includes("/") ? id.split("/") : [undefined, id];
  return {
    apiVersion: text(source, "apiVersion"),
    kind: text(source, "kind"),
    metadata: namespace === undefined ? { name } : { name, namespace },
  };
}

/** `kubernetes:apps/v1:Deployment` as apiVersion and kind. */
function ofType(type: string): Properties {
  const [, apiVersion = "", kind = ""] = type.split(":");
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

/** What an annotation says. A foreground deletion waits for a controller, so the default is the cluster's. */
function propagation(outputs: Properties): DeletionPropagation | undefined {
  const annotations = at(outputs, "metadata.annotations");
  const wanted = isProperties(annotations) ? annotations["pulumi.com/deletionPropagationPolicy"] : undefined;
  if (wanted === "orphan") return "Orphan";
  return wanted === "background" ? "Background" : undefined;
}

function isMissingNamespace(error: unknown): boolean {
  return (
    error instanceof ApiError && error.status === 404 && /^namespaces "[^"]+" not found$/.test(error.message)
  );
}

const HINTS = new Map([
  [
    "Conflict",
    'If another field manager owns these fields: the annotation "pulumi.com/patchForce": "true" takes them over.',
  ],
  [
    "AlreadyExists",
    "It is not in the state of this stack: somebody else made it, or an interrupted run. Take it in with " +
      "`pulumi import`, delete it, or leave it out of the program.",
  ],
  ["NotFound", "Run `pulumi refresh`, and the next `pulumi up` makes it anew."],
]);

function describe(object: KubernetesObject, error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const { name, namespace } = object.metadata;
  const id = namespace === undefined ? name : `${namespace}/${name}`;
  const hint = HINTS.get(error.reason) ?? "";
  return new Error(
    `the API server refused ${object.kind} "${id}" (${error.status} ${error.reason}): ${error.message}${hint === "" ? "" : `\n${hint}`}`,
  );
}
