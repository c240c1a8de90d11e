/** Stand-in of the official Kubernetes provider. What it does differently is listed in sandbox/README.md. */
import { createHash } from "node:crypto";

import { UserError } from "../../user-error";
import {
  ApiError,
  KubernetesClient,
  connectionFromKubeconfig,
  type DeletionPropagation,
  type KubernetesObject,
} from "../../cluster/kubernetes-client";
import type {
  CheckArgs,
  CheckResult,
  CreateArgs,
  ExistingArgs,
  Replacement,
  StandIn,
  UpdateArgs,
} from "../serve-provider";
import {
  UNKNOWN,
  at,
  containsUnknown,
  isProperties,
  type Change,
  type Properties,
  type Value,
} from "../values";
import { isAutonamed, objectId, withName } from "./naming";
import { replacingPaths } from "./replacement";

/** Set by the server at the moment of creation, so not known at preview. */
const DECIDED_AT_CREATION = ["uid", "creationTimestamp", "resourceVersion", "generation"];

/** Kinds of the SDK that are not objects of the API server. */
const HELM_RELEASE = "kubernetes:helm.sh/v3:Release";

export class KubernetesProvider implements StandIn {
  private connected: KubernetesClient | undefined;
  private settings: Properties = {};

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
  ): Replacement {
    if (type === HELM_RELEASE) return { paths: [], deleteFirst: false };
    const paths = replacingPaths(
      text(inputs, "apiVersion"),
      text(inputs, "kind"),
      differences.map(({ path }) => path),
      { configMaps: this.enabled("enableConfigMapMutable"), secrets: this.enabled("enableSecretMutable") },
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
  }: CreateArgs): Promise<{ id: string; outputs: Properties }> {
    if (type === HELM_RELEASE) return { id: preview ? "" : name, outputs: { ...inputs, status: {} } };
    const fieldManager = fieldManagerOf(urn);
    const applied = await this.apply(inputs, fieldManager, preview);
    const outputs = preview && applied !== undefined ? withUnknowns(applied) : (applied ?? inputs);
    return {
      id: preview ? "" : (objectId(outputs) ?? ""),
      outputs: { ...outputs, __fieldManager: fieldManager },
    };
  }

  async update({ type, urn, inputs, outputs, preview }: UpdateArgs): Promise<Properties> {
    if (type === HELM_RELEASE) return { ...inputs, status: {} };
    const stored = outputs["__fieldManager"];
    const fieldManager = typeof stored === "string" ? stored : fieldManagerOf(urn);
    const applied = await this.apply(inputs, fieldManager, preview);
    return { ...(applied ?? inputs), __fieldManager: fieldManager };
  }

  async read({ type, id, inputs, outputs }: ExistingArgs): Promise<Properties | undefined> {
    if (type === HELM_RELEASE) return outputs;
    const live = await this.client().read(identify(outputs, inputs, id));
    if (live === undefined) return undefined;
    return { ...withoutManagedFields(live), __fieldManager: outputs["__fieldManager"] };
  }

  async delete({ type, id, inputs, outputs }: ExistingArgs): Promise<void> {
    if (type === HELM_RELEASE) return;
    const object = identify(outputs, inputs, id);
    const client = this.client();
    try {
      await client.delete(object, propagation(outputs));
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

  invoke(token: string): Promise<Properties> {
    return Promise.reject(
      new UserError(
        `the sandbox's Kubernetes provider has no function ${token}`,
        "render the objects in TypeScript, or run the stack with the official provider",
      ),
    );
  }

  /** Undefined at preview, when something is unknown: the server cannot judge half an object. */
  private async apply(
    inputs: Properties,
    fieldManager: string,
    preview: boolean,
  ): Promise<Properties | undefined> {
    if (containsUnknown(inputs)) return undefined;
    const object = inputs as unknown as KubernetesObject;
    const annotations = at(inputs, "metadata.annotations");
    const force = isProperties(annotations) && annotations["pulumi.com/patchForce"] === "true";
    const options = { fieldManager, force, dryRun: preview };
    const client = this.client();
    try {
      return withoutManagedFields(await client.apply(await this.withNamespace(object), options));
    } catch (error) {
      if (preview && isMissingNamespace(error)) return await this.applyElsewhere(object, fieldManager);
      // The definition may come with the same deployment.
      if (preview && error instanceof ApiError && error.reason === "NoMatch") return undefined;
      throw describe(object, error);
    }
  }

  /**
   * At preview the namespace may be among the things to come. The server still judges the object: as one in the
   * namespace `default`.
   */
  private async applyElsewhere(object: KubernetesObject, fieldManager: string): Promise<Properties> {
    const elsewhere = { ...object, metadata: { ...object.metadata, namespace: "default" } };
    try {
      const judged = await this.client().apply(elsewhere, { fieldManager, force: true, dryRun: true });
      const metadata = { ...judged.metadata, namespace: object.metadata.namespace };
      return withoutManagedFields({ ...judged, metadata });
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

/** One manager a resource, as in the official provider, so that two resources never share a field unnoticed. */
function fieldManagerOf(urn: string): string {
  return `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
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

function identify(outputs: Properties, inputs: Properties, id: string): KubernetesObject {
  const source = outputs["kind"] === undefined ? inputs : outputs;
  const [namespace, name] = id.includes("/") ? id.split("/") : [undefined, id];
  return {
    apiVersion: text(source, "apiVersion"),
    kind: text(source, "kind"),
    metadata: namespace === undefined ? { name } : { name, namespace },
  };
}

/** Background unless an annotation says otherwise: a foreground deletion waits for a controller that is not here. */
function propagation(outputs: Properties): DeletionPropagation {
  const annotations = at(outputs, "metadata.annotations");
  const wanted = isProperties(annotations) ? annotations["pulumi.com/deletionPropagationPolicy"] : undefined;
  return wanted === "orphan" ? "Orphan" : "Background";
}

function isMissingNamespace(error: unknown): boolean {
  return (
    error instanceof ApiError && error.status === 404 && /^namespaces "[^"]+" not found$/.test(error.message)
  );
}

function describe(object: KubernetesObject, error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const { name, namespace } = object.metadata;
  const id = namespace === undefined ? name : `${namespace}/${name}`;
  const hint =
    error.reason === "Conflict" && error.message.includes("conflict")
      ? '\nAnother field manager owns these fields. The annotation "pulumi.com/patchForce": "true" takes them over.'
      : "";
  return new Error(
    `the API server refused ${object.kind} "${id}" (${error.status} ${error.reason}): ${error.message}${hint}`,
  );
}
