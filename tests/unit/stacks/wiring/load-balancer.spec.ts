/** The proxy of a stack: what of the stack file reaches its configuration. */
import assert from "node:assert/strict";
import { createPlatform } from "../../../../stacks/platform";
import { record } from "../../../helpers/pulumi";
import { accepted } from "../sound-stack";

async function conf(proxy: "nginx" | "haproxy"): Promise<string> {
  const config = accepted((c) => {
    c["cluster"].dns = { domain: "k8s.example.org" };
    c["services"].backend.health = { live: "/alive", ready: "/internal/ready" };
    c["loadBalancer"] = { proxy, service: "backend", clientConnections: 100, hosts: ["app.example.com"] };
  });
  const { resources } = await record(() => createPlatform(config));
  const data = resources.find(({ name }) => name === `${proxy}-load-balancer-config`)?.inputs["data"];
  return Object.values(data as Record<string, string>).join();
}

describe("the proxy of a stack", () => {
  it("keeps the service's own readiness to the cluster, answers its hosts alone, and knows the cluster's domain", async () => {
    const nginx = await conf("nginx");
    assert.ok(nginx.includes("(metrics|internal/ready)"), nginx);
    const service = "nginx-load-balancer.retrofitlink";
    const names = `app.example.com nginx-load-balancer ${service} ${service}.svc ${service}.svc.k8s.example.org`;
    assert.ok(nginx.includes(`server_name ${names};`), nginx);
    assert.match(nginx, /server backend-pods\.retrofitlink\.svc\.k8s\.example\.org:3000 /);
    const haproxy = await conf("haproxy");
    assert.ok(haproxy.includes("(metrics|internal/ready)"), haproxy);
    assert.match(
      haproxy,
      /acl known_host req\.fhdr\(Host\),host_only,lower -m str app\.example\.com haproxy-/,
    );
    assert.match(haproxy, /backend-pods\.retrofitlink\.svc\.k8s\.example\.org:3000 /);
  });
});
