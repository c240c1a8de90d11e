/** The engine's provider protocol (gRPC `ResourceProvider`) around an object with plain methods. */
import { readFileSync } from "node:fs";

import { Metadata, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

import { servePlugin } from "../../../engine/plugin-server";
import { changes, type Change, type Properties } from "./values";

export interface CheckArgs {
  readonly urn: string;
  readonly type: string;
  /** Name of the resource in the program. */
  readonly name: string;
  /** Inputs of the last deployment, empty when there was none. */
  readonly olds: Properties;
  readonly news: Properties;
  /** Bytes that are the same for preview and up of one deployment. */
  readonly randomSeed: Uint8Array;
}

export interface CheckProblem {
  /** Path of the input, empty for the whole resource. */
  readonly property: string;
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: Properties;
  readonly problems?: readonly CheckProblem[];
}

export interface CreateArgs {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
  readonly preview: boolean;
  /** `customTimeouts` of the resource, seconds; 0 when there is none. */
  readonly timeoutSeconds: number;
}

export interface UpdateArgs extends CreateArgs {
  readonly id: string;
  /** Outputs of the last deployment. */
  readonly outputs: Properties;
}

export interface ExistingArgs {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** How a change of inputs is carried out. */
export interface Replacement {
  /** Paths that cannot be changed in place. */
  readonly paths: readonly string[];
  /** True when old and new cannot exist side by side. */
  readonly deleteFirst: boolean;
}

/** What a stand-in has to be able to do. */
export interface StandIn {
  configure?(settings: Properties): void;
  check(args: CheckArgs): CheckResult;
  replacement(
    type: string,
    differences: readonly Change[],
    inputs: Properties,
    olds: Properties,
    urn: string,
  ): Replacement;
  /** @returns the id (empty at preview) and the outputs */
  create(args: CreateArgs): Promise<{ readonly id: string; readonly outputs: Properties }>;
  update(args: UpdateArgs): Promise<Properties>;
  /** @returns the outputs, or undefined when it is gone */
  read(args: ExistingArgs): Promise<Properties | undefined>;
  delete(args: ExistingArgs): Promise<void>;
  invoke(token: string, args: Properties): Promise<Properties>;
  /** The run is being interrupted: what waits shall not wait any longer. */
  cancel?(): void;
}

/** The resource was made and did not become ready: it stays in the state, and the next update tries again. */
export class NotInitialized extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly outputs: Properties,
    readonly inputs: Properties,
    readonly reasons: readonly string[],
  ) {
    super(message);
    this.name = "NotInitialized";
  }
}

function properties(struct: Struct | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}

function struct(value: Properties): Struct {
  return Struct.fromJavaScript(withoutUndefined(value) as Record<string, JavaScriptValue>);
}

/** The wire format has no undefined. */
function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The part of a URN after the last `::`. */
export function urnName(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function urnType(urn: string): string {
  const qualified = urn.split("::")[2] ?? "";
  return qualified.slice(qualified.lastIndexOf("$") + 1);
}

/** Turns a method with a promise into a gRPC handler, and an error into a message without a stack trace. */
function handler<Request, Response>(work: (request: Request) => Response | Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          const metadata = error instanceof NotInitialized ? detailsOf(error) : new Metadata();
          callback({ code: status.UNKNOWN, message, metadata });
        },
      );
  };
}

function detailsOf({ message, id, outputs, inputs, reasons }: NotInitialized): Metadata {
  const failed = new pb.ErrorResourceInitFailed();
  failed.setId(id);
  failed.setProperties(struct(outputs));
  failed.setInputs(struct(inputs));
  failed.setReasonsList([...reasons]);
  const packed = new Any();
  packed.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const answer = new Status();
  answer.setCode(status.UNKNOWN);
  answer.setMessage(message);
  answer.addDetails(packed);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(answer.serializeBinary()));
  return metadata;
}

const DIFF_KINDS = {
  add: [pb.PropertyDiff.Kind.ADD, pb.PropertyDiff.Kind.ADD_REPLACE],
  delete: [pb.PropertyDiff.Kind.DELETE, pb.PropertyDiff.Kind.DELETE_REPLACE],
  update: [pb.PropertyDiff.Kind.UPDATE, pb.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

function diff(standIn: StandIn, request: pb.DiffRequest): pb.DiffResponse {
  const [olds, news] = [properties(request.getOldInputs()), properties(request.getNews())];
  const found = changes(olds, news);
  const response = new pb.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  response.setChanges(found.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setHasdetaileddiff(true);
  const replacement = standIn.replacement(urnType(request.getUrn()), found, news, olds, request.getUrn());
  response.setReplacesList([...replacement.paths]);
  response.setDeletebeforereplace(replacement.deleteFirst);
  response.setDiffsList([...new Set(found.map(({ path }) => path.split(/[.[]/)[0] ?? path))]);
  for (const { path, kind } of found) {
    const entry = new pb.PropertyDiff();
    entry.setKind(DIFF_KINDS[kind][replacement.paths.includes(path) ? 1 : 0]);
    entry.setInputdiff(true);
    response.getDetaileddiffMap().set(path, entry);
  }
  return response;
}

/**
 * Serves a stand-in as the plugin process that the engine started.
 *
 * @param sdk npm package of the SDK; the stand-in gives out its version, which is the one the program asks for
 */
export function serveProvider(standIn: StandIn, sdk: string): void {
  const { version } = JSON.parse(readFileSync(require.resolve(`${sdk}/package.json`), "utf8")) as {
    version: string;
  };
  const existing = (request: {
    getUrn(): string;
    getId(): string;
    getProperties(): Struct | undefined;
    getOldInputs?(): Struct | undefined;
    getInputs?(): Struct | undefined;
  }): ExistingArgs => ({
    urn: request.getUrn(),
    type: urnType(request.getUrn()),
    id: request.getId(),
    inputs: properties(request.getOldInputs?.() ?? request.getInputs?.()),
    outputs: properties(request.getProperties()),
  });

  servePlugin(ResourceProviderService, {
    handshake: handler(() => new pb.ProviderHandshakeResponse()),
    getPluginInfo: handler(() => {
      const info = new plugin.PluginInfo();
      info.setVersion(version);
      return info;
    }),
    getSchema: handler(() => {
      const response = new pb.GetSchemaResponse();
      response.setSchema("{}");
      return response;
    }),
    checkConfig: handler((request: pb.CheckRequest) => {
      const response = new pb.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: handler((request: pb.DiffRequest) => diff({ ...standIn, replacement: never }, request)),
    configure: handler((request: pb.ConfigureRequest) => {
      standIn.configure?.(properties(request.getArgs()));
      const response = new pb.ConfigureResponse();
      // The engine unwraps secrets on the way in and marks the same paths on the way out.
      response.setAcceptsecrets(false);
      response.setSupportspreview(true);
      return response;
    }),
    check: handler((request: pb.CheckRequest) => {
      const { inputs, problems } = standIn.check({
        urn: request.getUrn(),
        type: urnType(request.getUrn()),
        name: urnName(request.getUrn()),
        olds: properties(request.getOlds()),
        news: properties(request.getNews()),
        randomSeed: request.getRandomseed_asU8(),
      });
      const response = new pb.CheckResponse();
      response.setInputs(struct(inputs));
      for (const problem of problems ?? []) {
        const failure = new pb.CheckFailure();
        failure.setProperty(problem.property);
        failure.setReason(problem.reason);
        response.addFailures(failure);
      }
      return response;
    }),
    diff: handler((request: pb.DiffRequest) => diff(standIn, request)),
    create: handler(async (request: pb.CreateRequest) => {
      const { id, outputs } = await standIn.create({
        urn: request.getUrn(),
        type: urnType(request.getUrn()),
        name: urnName(request.getUrn()),
        inputs: properties(request.getProperties()),
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      const response = new pb.CreateResponse();
      response.setId(id);
      response.setProperties(struct(outputs));
      return response;
    }),
    update: handler(async (request: pb.UpdateRequest) => {
      const outputs = await standIn.update({
        urn: request.getUrn(),
        type: urnType(request.getUrn()),
        name: urnName(request.getUrn()),
        id: request.getId(),
        inputs: properties(request.getNews()),
        outputs: properties(request.getOlds()),
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      const response = new pb.UpdateResponse();
      response.setProperties(struct(outputs));
      return response;
    }),
    read: handler(async (request: pb.ReadRequest) => {
      const args = existing(request);
      const outputs = await standIn.read(args);
      const response = new pb.ReadResponse();
      if (outputs === undefined) return response;
      response.setId(args.id);
      response.setProperties(struct(outputs));
      response.setInputs(struct(args.inputs));
      return response;
    }),
    delete: handler(async (request: pb.DeleteRequest) => {
      await standIn.delete(existing(request));
      return new Empty();
    }),
    invoke: handler(async (request: pb.InvokeRequest) => {
      const response = new pb.InvokeResponse();
      response.setReturn(struct(await standIn.invoke(request.getTok(), properties(request.getArgs()))));
      return response;
    }),
    cancel: handler(() => {
      standIn.cancel?.();
      return new Empty();
    }),
  });
}

function never(): Replacement {
  return { paths: [], deleteFirst: false };
}
