/**
 * A thin client of the Kubernetes API: exactly the object that is given goes out, and exactly the server's answer
 * comes back. The official client serialises through typed models, which silently drop a misspelt field; here the API
 * server has to see it.
 */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";

import { parse } from "yaml";

import { UserError } from "../../cli/user-error";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** Where an API server is and how to speak to it. */
export interface Connection {
  /** `https://host:port` */
  readonly server: string;
  readonly certificateAuthority: string;
  readonly token: string;
}

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Kubernetes' own reason: NotFound, Invalid, Conflict, … */
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

export type DeletionPropagation = "Foreground" | "Background" | "Orphan";

interface ApiResource {
  readonly path: string;
  readonly namespaced: boolean;
}

export class KubernetesClient {
  private readonly agent: Agent;
  private readonly discovered = new Map<string, Promise<Map<string, ApiResource>>>();

  constructor(private readonly connection: Connection) {
    this.agent = new Agent({ keepAlive: true, maxSockets: 32, ca: connection.certificateAuthority });
  }

  close(): void {
    this.agent.destroy();
  }

  /** Whether the kind lives in a namespace. @throws ApiError 404 when the server does not know the kind */
  async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
    return (await this.resource(apiVersion, kind)).namespaced;
  }

  /** Server-side apply with strict field validation. */
  async apply(object: KubernetesObject, options: ApplyOptions): Promise<KubernetesObject> {
    const query = new URLSearchParams({
      fieldManager: options.fieldManager,
      force: String(options.force),
      fieldValidation: "Strict",
    });
    if (options.dryRun) query.set("dryRun", "All");
    return await this.call(
      "PATCH",
      `${await this.path(object)}?${query.toString()}`,
      object,
      "application/apply-patch+yaml",
    );
  }

  /** Makes a new object, with strict field validation. @throws ApiError AlreadyExists when the name is taken */
  async create(object: KubernetesObject, options: Omit<ApplyOptions, "force">): Promise<KubernetesObject> {
    const query = new URLSearchParams({ fieldManager: options.fieldManager, fieldValidation: "Strict" });
    if (options.dryRun) query.set("dryRun", "All");
    return await this.call(
      "POST",
      `${await this.collection(object)}?${query.toString()}`,
      object,
      "application/json",
    );
  }

  /** Says who owns which fields, unless the object has changed since it was read. @throws ApiError 409 if it has */
  async setManagedFields(
    live: KubernetesObject,
    managedFields: readonly unknown[],
  ): Promise<KubernetesObject> {
    const patch = [
      { op: "replace", path: "/metadata/managedFields", value: managedFields },
      { op: "replace", path: "/metadata/resourceVersion", value: live.metadata["resourceVersion"] },
    ];
    return await this.call("PATCH", await this.path(live), patch, "application/json-patch+json");
  }

  /** The live object, or undefined. */
  async read(object: KubernetesObject): Promise<KubernetesObject | undefined> {
    return await ignoreNotFound(async () => await this.call("GET", await this.path(object)));
  }

  /** Deletes an object; one that is gone already is fine. */
  async delete(object: KubernetesObject, propagation: DeletionPropagation): Promise<void> {
    await ignoreNotFound(async () =>
      this.call("DELETE", await this.path(object), { propagationPolicy: propagation }, "application/json"),
    );
  }

  /** Removes an object at once, as a kubelet does when a pod has ended. */
  async deleteNow(object: KubernetesObject): Promise<void> {
    await ignoreNotFound(async () =>
      this.call("DELETE", await this.path(object), { gracePeriodSeconds: 0 }, "application/json"),
    );
  }

  /** Changes fields of an object, or of its sub-resource. @throws ApiError 404 when it is not there */
  async patch(object: KubernetesObject, patch: object, subresource?: string): Promise<KubernetesObject> {
    const path = `${await this.path(object)}${subresource === undefined ? "" : `/${subresource}`}`;
    return await this.call("PATCH", path, patch, "application/merge-patch+json");
  }

  /** Lets an object that waits for its finalizers go. */
  async removeFinalizers(object: KubernetesObject): Promise<void> {
    const patch = { metadata: { finalizers: null } };
    await ignoreNotFound(async () =>
      this.call("PATCH", await this.path(object), patch, "application/merge-patch+json"),
    );
  }

  /** Writes a namespace's `finalize` sub-resource. */
  async finalizeNamespace(namespace: KubernetesObject): Promise<void> {
    const finalized = { ...namespace, spec: { finalizers: [] } };
    const path = `/api/v1/namespaces/${namespace.metadata.name}/finalize`;
    await ignoreNotFound(() => this.call("PUT", path, finalized, "application/json"));
  }

  /** Every object of a kind, in all namespaces or in one. */
  async list(apiVersion: string, kind: string, namespace?: string): Promise<KubernetesObject[]> {
    const { path } = await this.resource(apiVersion, kind);
    const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
    const answer = await this.call("GET", `${groupPath(apiVersion)}${scope}/${path}`);
    return answer["items"] as KubernetesObject[];
  }

  /** `ok` once the server and everything it waits for is ready. */
  async ready(): Promise<boolean> {
    try {
      return (await this.send("GET", "/readyz")).status === 200;
    } catch {
      return false;
    }
  }

  private async path(object: KubernetesObject): Promise<string> {
    return `${await this.collection(object)}/${object.metadata.name ?? ""}`;
  }

  private async collection(object: KubernetesObject): Promise<string> {
    const { path, namespaced } = await this.resource(object.apiVersion, object.kind);
    const scope = namespaced ? `/namespaces/${object.metadata.namespace ?? "default"}` : "";
    return `${groupPath(object.apiVersion)}${scope}/${path}`;
  }

  private async resource(apiVersion: string, kind: string): Promise<ApiResource> {
    let kinds = await this.kindsOf(apiVersion);
    if (!kinds.has(kind)) {
      // The definition may have been added since.
      this.discovered.delete(apiVersion);
      kinds = await this.kindsOf(apiVersion);
    }
    const found = kinds.get(kind);
    if (found === undefined) throw noMatch(apiVersion, kind);
    return found;
  }

  private async kindsOf(apiVersion: string): Promise<Map<string, ApiResource>> {
    let discovery = this.discovered.get(apiVersion);
    if (discovery === undefined) {
      discovery = this.discover(apiVersion);
      this.discovered.set(apiVersion, discovery);
      discovery.catch(() => this.discovered.delete(apiVersion));
    }
    return await discovery;
  }

  private async discover(apiVersion: string): Promise<Map<string, ApiResource>> {
    const answer = await ignoreNotFound(() => this.call("GET", groupPath(apiVersion)));
    const resources = (answer?.["resources"] ?? []) as { name: string; kind: string; namespaced: boolean }[];
    return new Map(
      resources
        .filter(({ name }) => !name.includes("/"))
        .map(({ name, kind, namespaced }) => [kind, { path: name, namespaced }]),
    );
  }

  private async call(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<KubernetesObject> {
    const { status, text } = await this.send(method, path, body, contentType);
    if (status >= 200 && status < 300) return JSON.parse(text) as KubernetesObject;
    const error = toApiError(status, text);
    throw isStopping(error) ? unreachable(this.connection.server, error) : error;
  }

  private send(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<{ status: number; text: string }> {
    const { server, token } = this.connection;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(`${server}${path}`, {
        method,
        agent: this.agent,
        timeout: 30_000,
        headers: {
          authorization: `Bearer ${token}`,
          accept: "application/json",
          // Node gives a DELETE no length of its own, and the server would read the body as the next request.
          ...(payload === undefined
            ? {}
            : { "content-type": contentType, "content-length": Buffer.byteLength(payload) }),
        },
      });
      outgoing.on("response", (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (part: string) => (text += part));
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, text }));
        // It ended in the middle of its answer.
        incoming.on("error", (error) => reject(unreachable(server, error)));
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 30 s")));
      outgoing.on("error", (error) => reject(unreachable(server, error)));
      outgoing.end(payload);
    });
  }
}

/** Reads what `kubectl` would use. @throws UserError when the file lacks a token or an authority */
export function connectionFromKubeconfig(path: string, context?: string): Connection {
  let file: Kubeconfig;
  try {
    file = parse(readFileSync(path, "utf8")) as Kubeconfig;
  } catch (error) {
    throw new UserError(
      `the kubeconfig ${path} cannot be read: ${(error as Error).message.split("\n")[0]}`,
      "start the sandbox with `make up`, or point KUBECONFIG at its file",
    );
  }
  const wanted = context ?? file["current-context"];
  const chosen = file.contexts?.find((entry) => entry.name === wanted)?.context;
  const cluster = file.clusters?.find((entry) => entry.name === chosen?.cluster)?.cluster;
  const user = file.users?.find((entry) => entry.name === chosen?.user)?.user;
  const authority = cluster?.["certificate-authority-data"];
  if (cluster?.server === undefined || authority === undefined || user?.token === undefined) {
    throw new UserError(
      `the kubeconfig ${path} has no context "${wanted}" with a server, a certificate authority and a token`,
      "the stand-in speaks to the sandbox's own API server only; use the official provider for others",
    );
  }
  return {
    server: cluster.server,
    certificateAuthority: Buffer.from(authority, "base64").toString("utf8"),
    token: user.token,
  };
}

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: { name: string; context: { cluster: string; user: string } }[];
  readonly clusters?: { name: string; cluster: { server?: string; "certificate-authority-data"?: string } }[];
  readonly users?: { name: string; user: { token?: string } }[];
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function noMatch(apiVersion: string, kind: string): ApiError {
  return new ApiError(404, "NoMatch", `no matches for kind "${kind}" in version "${apiVersion}"`);
}

function toApiError(status: number, text: string): ApiError {
  try {
    const answer = JSON.parse(text) as { reason?: string; message?: string };
    return new ApiError(status, answer.reason ?? String(status), answer.message ?? text);
  } catch {
    return new ApiError(status, String(status), text.trim());
  }
}

/** What a server answers that is being stopped: it cannot reach its store any more, or takes no more requests. */
function isStopping({ status, message }: ApiError): boolean {
  return status >= 500 && /client connection is closing|shutting down/.test(message);
}

function unreachable(server: string, error: Error): UserError {
  const reason = error instanceof ApiError ? error.reason : codeOf(error);
  return new UserError(
    `the Kubernetes API server at ${server} does not answer (${reason})`,
    "run `make up`: it starts the server again and goes on where this run stopped",
  );
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}

async function ignoreNotFound<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && error.reason !== "NoMatch") return undefined;
    throw error;
  }
}
