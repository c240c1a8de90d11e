import assert from "node:assert/strict";

import { parse } from "yaml";

import {
  BlackboxExporter,
  blackboxAddress,
  blackboxConfig,
} from "../../../../components/monitoring/blackbox-exporter";
import { isAllowed, type Endpoint, type Policy } from "../../../helpers/network-policies";
import { record, type Recording } from "../../../helpers/pulumi";

const NAMESPACE = "monitoring";

const build = (): Promise<Recording> =>
  record(() => new BlackboxExporter("blackbox", { namespace: NAMESPACE, namespaceName: NAMESPACE }));

const endpoint = (name: string, namespace: string, labels: Record<string, string> = {}): Endpoint => ({
  name,
  address: "10.0.0.1",
  pod: { namespace, labels, ports: { http: 9115 } },
});

describe("BlackboxExporter", () => {
  it("is two hardened pods behind a Service by which Prometheus finds them", async () => {
    const recording = await build();
    const { spec } = recording.only("kubernetes:apps/v1:Deployment").inputs as Record<string, any>;
    assert.equal(spec.replicas, 2);
    const { containers, securityContext, automountServiceAccountToken } = spec.template.spec;
    assert.deepEqual(
      [securityContext.runAsNonRoot, securityContext.runAsUser, automountServiceAccountToken],
      [true, 65_534, false],
    );
    const [container] = containers;
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.ok(container.resources.limits.memory !== undefined && container.readinessProbe !== undefined);
    const { metadata, spec: service } = recording.only("kubernetes:core/v1:Service").inputs as any;
    assert.equal(
      blackboxAddress(NAMESPACE),
      `${metadata.name}.${metadata.namespace}.svc:${service.ports[0].port}`,
    );
    assert.deepEqual(service.selector, spec.selector.matchLabels);
  });

  it("is asked by the monitoring alone, and asks names and the hosts by TLS alone", async () => {
    const policies = (await build())
      .ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy")
      .map(({ inputs }) => inputs as unknown as Policy);
    const own = endpoint("blackbox", NAMESPACE, { app: "blackbox-exporter" });
    assert.equal(isAllowed(policies, endpoint("prometheus", NAMESPACE), own, 9115), true);
    assert.equal(isAllowed(policies, endpoint("backend", "retrofitlink"), own, 9115), false);
    const host = { name: "host", address: "203.0.113.7" };
    const link = { name: "link", address: "169.254.169.254" };
    assert.equal(isAllowed(policies, own, host, 443), true);
    assert.equal(isAllowed(policies, own, host, 80), false);
    assert.equal(isAllowed(policies, own, link, 443), false);
  });

  it("counts no answer without TLS", () => {
    const { modules } = parse(blackboxConfig()) as { modules: Record<string, any> };
    assert.deepEqual(Object.keys(modules), ["http_2xx"]);
    assert.deepEqual(
      [modules["http_2xx"].http.fail_if_not_ssl, modules["http_2xx"].http.preferred_ip_protocol],
      [true, "ip4"],
    );
  });
});
