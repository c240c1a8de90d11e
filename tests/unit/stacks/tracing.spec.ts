import assert from "node:assert/strict";

import { collectorOf, versionOf } from "../../../budget/service/tracing";
import { isAllowed, type Endpoint, type Policy } from "../../helpers/network-policies";
import type { Recording } from "../../helpers/pulumi";
import { recordStack } from "../../helpers/recorded-stack";
import { accepted, mistakes } from "./sound-stack";

type Config = Record<string, any>;

const ENDPOINT = "http://otel-collector.observability.svc:4318";

const traced =
  (tracing: object, environment: object = {}) =>
  (config: Config): void => {
    config["tracing"] = tracing;
    config["services"].backend.environment = environment;
    // Nothing outside but what is asked for here.
    config["services"].backend.egress = [];
  };

const NODE = "kubernetes:apps/v1:Deployment";

function variablesOf(recording: Recording): Record<string, unknown> {
  const { spec } = recording.only(NODE).inputs as Config;
  const [container] = spec.template.spec.containers;
  return Object.fromEntries(container.env.map(({ name, value }: Config) => [name, value]));
}

describe("traces of a stack", () => {
  it("are sent where the stack file says, under names of OpenTelemetry", async () => {
    const recording = await recordStack(
      accepted(traced({ endpoint: ENDPOINT, sampleRatio: 0.05 }, { OTEL_TRACES_SAMPLER_ARG: "0.5" })),
    );
    const variables = variablesOf(recording);
    const told = Object.entries(variables).filter(([name]) => name.startsWith("OTEL_"));
    assert.deepEqual(Object.fromEntries(told), {
      OTEL_SERVICE_NAME: "backend",
      OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      // Of a service by itself.
      OTEL_TRACES_SAMPLER_ARG: "0.5",
      OTEL_RESOURCE_ATTRIBUTES:
        "service.version=1.0.0,k8s.namespace.name=retrofitlink,deployment.environment.name=test",
    });
  });

  it("get through to the collector's namespace and port, and nothing else does", async () => {
    const recording = await recordStack(accepted(traced({ endpoint: ENDPOINT })));
    const policies = recording
      .ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy")
      .map(({ inputs }) => inputs as unknown as Policy);
    const pod = (namespace: string, labels: object, address: string): Endpoint =>
      ({ name: namespace, address, pod: { namespace, labels, ports: {} } }) as Endpoint;
    const backend = pod("retrofitlink", { app: "backend" }, "10.0.1.1");
    const collector = pod("observability", { app: "anything" }, "10.0.2.1");
    const elsewhere = pod("default", { app: "anything" }, "10.0.2.2");
    const reaches = (to: Endpoint, port: number): boolean => isAllowed(policies, backend, to, port);
    assert.deepEqual(
      [reaches(collector, 4318), reaches(collector, 4317), reaches(elsewhere, 4318)],
      [true, false, false],
    );
  });

  it("are none where the stack file says nothing", async () => {
    const variables = variablesOf(await recordStack(accepted(() => undefined)));
    assert.deepEqual(
      Object.keys(variables).filter((name) => name.startsWith("OTEL_")),
      [],
    );
    accepted((config) => (config["services"].backend.environment = { OTEL_SERVICE_NAME: "mine" }));
  });

  it("know a collector by its address", () => {
    assert.deepEqual(collectorOf(ENDPOINT), { namespace: "observability", port: 4318 });
    assert.deepEqual(collectorOf("http://otel.watch.svc.cluster.local:4317"), {
      namespace: "watch",
      port: 4317,
    });
    assert.deepEqual(collectorOf("https://otlp.example.com/v1"), { port: 443 });
    assert.deepEqual(collectorOf("https://otlp.example.com:4318"), { port: 4318 });
  });

  it("know a version by its image", () => {
    assert.equal(versionOf("registry.example.com:5000/team/app:1.2.3"), "1.2.3");
    assert.equal(versionOf(`registry.example.com:5000/app@sha256:${"ab".repeat(32)}`), "abababababab");
    assert.equal(versionOf(`app:2@sha256:${"ab".repeat(32)}`), "2");
  });

  const refused: readonly [name: string, tracing: object, said: RegExp][] = [
    [
      "a password in the address",
      { endpoint: "https://me:secret@otlp.example.com" },
      /tracing\.endpoint: got a string; .*without user and password/,
    ],
    [
      "an address in the clear outside",
      { endpoint: "http://otlp.example.com:4318" },
      /tracing\.endpoint: .*https:\/\//,
    ],
    [
      "a Service without its namespace",
      { endpoint: "http://collector:4318" },
      /tracing\.endpoint: .*<namespace>\.svc/,
    ],
    ["a share above 1", { endpoint: ENDPOINT, sampleRatio: 5 }, /tracing\.sampleRatio: got 5; .*0\.01 keeps/],
    ["no address", { sampleRatio: 1 }, /tracing\.endpoint: got nothing/],
  ];
  for (const [name, tracing, said] of refused) {
    it(`are refused with ${name}`, () => {
      const found = mistakes(traced(tracing));
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", said);
      assert.ok(!found.join().includes("secret@"), found.join());
    });
  }

  it("are refused where a service names another collector than its NetworkPolicy knows", () => {
    const found = mistakes(
      traced({ endpoint: ENDPOINT }, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:4318" }),
    );
    assert.match(
      found.join("\n"),
      /environment\.OTEL_EXPORTER_OTLP_ENDPOINT: .*change retrofitlink:tracing, from which it follows/,
    );
  });
});
