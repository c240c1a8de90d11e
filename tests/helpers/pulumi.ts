import * as pulumi from "@pulumi/pulumi";

import { cacheStackFrames } from "../../stacks/stack-traces";

/** A resource as a program registered it with the engine. */
export interface RecordedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly custom: boolean;
}

/** What a program registered, and the look-ups it made. */
export interface Recording {
  readonly resources: readonly RecordedResource[];
  /** Resources of one type token. */
  ofType(type: string): RecordedResource[];
  /** The only resource of one type token. @throws when there is none or more than one */
  only(type: string): RecordedResource;
  /** `[type, name]` of every resource, sorted, for exact comparison. */
  typesAndNames(): string[];
}

/** What a cloud adds to the inputs: the same for every resource of a type and known only afterwards, or as a test decides. */
export type InventedOutputs =
  | Readonly<Record<string, object>>
  | ((type: string, inputs: Record<string, unknown>, name: string) => object);

/** What is invented where a test invents nothing: what components calculate with. */
const USUAL_OUTPUTS: Readonly<Record<string, object>> = {
  "random:index/randomPassword:RandomPassword": { result: "0123456789abcdefghijABCDEFGHIJ0123456789" },
};

/**
 * Builds something against mocks and waits until everything is registered. Invokes are refused: a component that
 * needs one says so in its test.
 *
 * @param options.preview true registers with unknown ids, as a preview does. @default false
 * @param options.outputs what a cloud adds to a resource, by type token. @default nothing
 * @param options.invokes answers to look-ups, by token. @default none: every look-up fails
 */
export async function record(
  build: () => unknown,
  options: {
    readonly preview?: boolean;
    readonly stack?: string;
    readonly outputs?: InventedOutputs;
    readonly invokes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  } = {},
): Promise<Recording> {
  const resources: RecordedResource[] = [];
  const invented = (type: string, name: string, inputs: Record<string, unknown>): object => {
    const { outputs = {}, preview = false } = options;
    if (typeof outputs === "function") return outputs(type, inputs, name);
    return preview ? {} : (outputs[type] ?? USUAL_OUTPUTS[type] ?? {});
  };
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        resources.push({
          type: args.type,
          name: args.name,
          inputs: args.inputs as Record<string, unknown>,
          custom: args.custom ?? false,
        });
        const id = options.preview === true ? undefined : `${args.name}-id`;
        const inputs = args.inputs as Record<string, unknown>;
        return { id, state: { ...inputs, ...invented(args.type, args.name, inputs) } };
      },
      call: (args) => {
        const answer = options.invokes?.[args.token];
        if (answer !== undefined) return answer;
        throw new Error(`unexpected invoke of ${args.token}`);
      },
    },
    "retrofitlink",
    options.stack ?? "test",
    options.preview ?? false,
  );
  const { stackTraceLimit } = Error;
  // As in index.ts. One frame still names the line of a mistake.
  Error.stackTraceLimit = 1;
  const undo = cacheStackFrames();
  try {
    build();
    await pulumi.runtime.disconnect();
  } finally {
    undo();
    Error.stackTraceLimit = stackTraceLimit;
  }
  const ofType = (type: string): RecordedResource[] => resources.filter((r) => r.type === type);
  return {
    resources,
    ofType,
    only: (type) => {
      const found = ofType(type);
      const [first] = found;
      if (first === undefined || found.length > 1) {
        throw new Error(
          `expected one ${type}, found ${found.length}: ${found.map((r) => r.name).join(", ")}`,
        );
      }
      return first;
    },
    typesAndNames: () => resources.map((r) => `${r.type} ${r.name}`).sort(),
  };
}

/** What a component says that refuses its arguments; empty where it does not. */
export async function refusal(build: () => unknown): Promise<string> {
  let said = "";
  await record(() => {
    try {
      build();
    } catch (error) {
      said = String(error);
    }
  });
  return said;
}
