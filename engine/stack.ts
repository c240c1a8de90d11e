/** Runs the engine on one stack through the Automation API and keeps what it reported. */
import { dirname } from "node:path";

import {
  CommandError,
  ConcurrentUpdateError,
  LocalWorkspace,
  PulumiCommand,
  type EngineEvent,
  type OpType,
  type PolicyEvent,
  type Stack,
} from "@pulumi/pulumi/automation";

import { UserError } from "../cli/user-error";
import { engineEnvironment, type EngineParts } from "./environment";
import { removeAbandonedLocks } from "./locks";
import { mirrorProject, stacksOf } from "./project";

export type Operation = "preview" | "up" | "destroy" | "refresh";

export interface StackRunArgs extends EngineParts {
  readonly operation: Operation;
  readonly stack: string;
  /** Folder with the Pulumi.yaml. */
  readonly projectDirectory: string;
  /** Folders of policy packs. @default none */
  readonly policyPacks?: readonly string[];
  /** Variables on top of the sandbox's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of every event while it happens. */
  readonly onEvent?: (event: EngineEvent) => void;
  readonly signal?: AbortSignal;
}

/** A resource as the engine saw it in this run. */
export interface StackResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  /** Secrets are the text `[secret]`. */
  readonly inputs: Record<string, unknown>;
  readonly operation: OpType;
}

export interface StackRun {
  /** Resources in the order of registration. */
  readonly resources: readonly StackResource[];
  readonly policyEvents: readonly PolicyEvent[];
  /** How many resources each operation has met. */
  readonly changes: Readonly<Partial<Record<OpType, number>>>;
  /** What the engine and the program complained about. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly succeeded: boolean;
  readonly durationSeconds: number;
  /** After `up`; secrets are left out. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

const COLOR_MARKS = /<\{%[^%]*%\}>/g;

/**
 * Runs one operation.
 *
 * A failed run is a result, not an exception: `succeeded` is false and `errors` says why.
 *
 * @throws UserError when the engine could not even begin: unknown stack, wrong passphrase, a run that is going on
 */
export async function runStack(args: StackRunArgs): Promise<StackRun> {
  const started = Date.now();
  const known = stacksOf(args.projectDirectory);
  if (!known.includes(args.stack)) {
    throw new UserError(
      `there is no stack "${args.stack}"; this project has ${known.join(", ")}`,
      `choose one of them, or add Pulumi.${args.stack}.yaml`,
    );
  }
  const stack = await openStack(args);
  const log = new EventLog();
  const onEvent = (event: EngineEvent): void => {
    log.add(event);
    args.onEvent?.(event);
  };
  const options = {
    onEvent,
    ...(args.policyPacks === undefined ? {} : { policyPacks: [...args.policyPacks] }),
    ...(args.signal === undefined ? {} : { signal: args.signal }),
  };
  let succeeded = true;
  let outputs: Record<string, unknown> = {};
  try {
    if (args.operation === "preview") await stack.preview(options);
    else if (args.operation === "refresh") await stack.refresh(options);
    else if (args.operation === "destroy") await stack.destroy({ onEvent, remove: false });
    else {
      const result = await stack.up(options);
      const shown = Object.entries(result.outputs).filter(([, output]) => !output.secret);
      outputs = Object.fromEntries(shown.map(([name, output]) => [name, output.value as unknown]));
    }
  } catch (error) {
    if (error instanceof ConcurrentUpdateError) throw beingUpdated(args.stack);
    if (!(error instanceof CommandError)) throw error;
    succeeded = false;
    // Something went wrong before or beside the engine's own events.
    if (log.errors.length === 0 && !log.hasMandatoryViolation()) throw explained(error, args.stack);
  }
  const durationSeconds = (Date.now() - started) / 1000;
  return { ...log.result(), succeeded, durationSeconds, outputs };
}

async function openStack(args: StackRunArgs): Promise<Stack> {
  removeAbandonedLocks();
  const envVars = { ...engineEnvironment(args), ...args.environment };
  const workDir = mirrorProject(args.projectDirectory, args.stack);
  try {
    const pulumiCommand = await PulumiCommand.get({ root: dirname(dirname(args.pulumi)) });
    return await LocalWorkspace.createOrSelectStack(
      { stackName: args.stack, workDir },
      { envVars, pulumiCommand },
    );
  } catch (error) {
    if (error instanceof ConcurrentUpdateError) throw beingUpdated(args.stack);
    if (error instanceof CommandError) throw explained(error, args.stack);
    throw error;
  }
}

/** Collects the events of one run. */
class EventLog {
  private readonly resources = new Map<string, StackResource>();
  private readonly policyEvents: PolicyEvent[] = [];
  private readonly warnings: string[] = [];
  private changes: Partial<Record<OpType, number>> = {};
  readonly errors: string[] = [];

  add(event: EngineEvent): void {
    const { resourcePreEvent, policyEvent, diagnosticEvent, summaryEvent } = event;
    if (resourcePreEvent !== undefined) {
      const { urn, type, op, new: state, old } = resourcePreEvent.metadata;
      const shown = state ?? old;
      if (shown !== undefined && !isPartOfReplacement(op)) {
        this.resources.set(urn, {
          urn,
          type,
          name: urn.slice(urn.lastIndexOf("::") + 2),
          parent: shown.parent,
          inputs: withoutSecrets(shown.inputs) as Record<string, unknown>,
          operation: op,
        });
      }
    }
    if (policyEvent !== undefined) {
      this.policyEvents.push({ ...policyEvent, message: plain(policyEvent.message) });
    }
    if (diagnosticEvent !== undefined && diagnosticEvent.ephemeral !== true) {
      const message = plain(diagnosticEvent.message).trim();
      if (diagnosticEvent.severity === "error") this.errors.push(message);
      if (diagnosticEvent.severity === "warning" && !isAmbientPluginNotice(message))
        this.warnings.push(message);
    }
    if (summaryEvent !== undefined) this.changes = summaryEvent.resourceChanges;
  }

  hasMandatoryViolation(): boolean {
    return this.policyEvents.some(({ enforcementLevel }) => enforcementLevel === "mandatory");
  }

  result(): Pick<StackRun, "resources" | "policyEvents" | "changes" | "errors" | "warnings"> {
    return {
      resources: [...this.resources.values()],
      policyEvents: this.policyEvents,
      changes: this.changes,
      errors: this.errors,
      warnings: this.warnings,
    };
  }
}

/** The engine's marker of a secret inside a property (a constant of its wire format). */
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Every secret, encrypted or not, becomes the text `[secret]`. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}

/** A replacement shows as three steps; the one called `replace` stands for all. */
function isPartOfReplacement(operation: OpType): boolean {
  return operation === "create-replacement" || operation === "delete-replaced";
}

/** The engine points out that it found a provider on PATH. In the sandbox that is how it should be. */
function isAmbientPluginNotice(message: string): boolean {
  return message.startsWith("using pulumi-") && message.includes("from $PATH");
}

export function plain(message: string): string {
  return message.replaceAll(COLOR_MARKS, "");
}

function beingUpdated(stack: string): UserError {
  return new UserError(
    `another run is working on the stack "${stack}"`,
    "wait until it has ended and run the same command again",
  );
}

/** The command line's complaint without the engine's wrapping. */
function explained(error: CommandError, stack: string): UserError {
  const text = plain(error.message);
  if (/incorrect passphrase|passphrase must be set/i.test(text)) {
    return new UserError(
      `the secrets of the stack "${stack}" were encrypted with another passphrase`,
      "unset PULUMI_CONFIG_PASSPHRASE, or set it to what it was when the stack was made; `make down` starts anew",
    );
  }
  if (/no space left on device|disk quota exceeded/i.test(text)) {
    return new UserError(
      "the disk is full",
      "free some space and run the same command again; the state is kept",
    );
  }
  const lines = text.split("\n").filter((line) => /^\s*(stderr:\s*)?error:/.test(line));
  const message = lines.map((line) => line.replace(/^\s*(stderr:\s*)?error:\s*/, "")).join("\n");
  return new UserError(message === "" ? text.trim() : message);
}
