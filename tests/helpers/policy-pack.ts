/** The policy pack as the engine runs it: a process of its own that is asked over gRPC. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { credentials } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

const PACK = join(__dirname, "../../policies");
const START_WITHIN_MS = 60_000;

export interface TestResource {
  readonly type: string;
  readonly name: string;
  readonly parent?: string;
  readonly props: object;
}

/** `policy level: first line of the message` */
export interface Verdict {
  readonly policy: string;
  readonly level: "advisory" | "mandatory";
  readonly message: string;
}

/** Marker of a string that is not known at preview, in the engine's wire format. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export class PolicyPackProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: AnalyzerClient,
  ) {}

  static async start(): Promise<PolicyPackProcess> {
    const entry = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const child = spawn(process.execPath, [entry, "127.0.0.1:1", "."], {
      cwd: PACK,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const timeout = setTimeout(() => child.kill("SIGKILL"), START_WITHIN_MS);
    const lines = createInterface({ input: child.stdout });
    const [port] = (await once(lines, "line")) as [string];
    clearTimeout(timeout);
    const client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
    return new PolicyPackProcess(child, client);
  }

  async stop(): Promise<void> {
    this.client.close();
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }

  /** Shows the pack all resources in order, then the stack, as a preview does. */
  async review(resources: readonly TestResource[]): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const resource of resources) {
      const request = new analyzer.AnalyzeRequest();
      const options = new analyzer.AnalyzerResourceOptions();
      options.setParent(resource.parent ?? "");
      request.setType(resource.type);
      request.setUrn(urnOf(resource));
      request.setName(resource.name);
      request.setProperties(Struct.fromJavaScript(resource.props as Record<string, JavaScriptValue>));
      request.setOptions(options);
      verdicts.push(...(await this.answer((done) => this.client.analyze(request, done))));
    }
    const stack = new analyzer.AnalyzeStackRequest();
    return [...verdicts, ...(await this.answer((done) => this.client.analyzeStack(stack, done)))];
  }

  /** Names of the policies that a violation of ends a preview. */
  async mandatory(): Promise<string[]> {
    const info = await new Promise<analyzer.AnalyzerInfo>((resolve, reject) => {
      this.client.getAnalyzerInfo(new Empty(), (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
    return info
      .getPoliciesList()
      .filter((policy) => policy.getEnforcementlevel() === analyzer.EnforcementLevel.MANDATORY)
      .map((policy) => policy.getName());
  }

  private async answer(
    ask: (done: (error: Error | null, response: analyzer.AnalyzeResponse) => void) => unknown,
  ): Promise<Verdict[]> {
    const response = await new Promise<analyzer.AnalyzeResponse>((resolve, reject) => {
      ask((error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
    return response.getDiagnosticsList().map((diagnostic) => ({
      policy: diagnostic.getPolicyname(),
      level:
        diagnostic.getEnforcementlevel() === analyzer.EnforcementLevel.MANDATORY ? "mandatory" : "advisory",
      message: diagnostic.getMessage(),
    }));
  }
}

export function urnOf({ type, name }: Pick<TestResource, "type" | "name">): string {
  return `urn:pulumi:test::retrofitlink::${type}::${name}`;
}
