import assert from "node:assert/strict";

import {
  certificateHosts,
  zoneIssues,
  type ZoneArgs,
} from "../../../../../components/edge/cloudflare/cloudflare-zone";
import { describeIssue } from "../../../../../components/shared/issues";

const sound: ZoneArgs = {
  plan: "pro",
  zone: "example.com",
  hosts: ["example.com", "www.example.com"],
  advancedCertificate: false,
};

const problems = (change: Partial<ZoneArgs>): string[] =>
  zoneIssues({ ...sound, ...change }).map((found) => describeIssue(found));

describe("a zone of Cloudflare", () => {
  it("is a registered domain, whatever a registry hands out", () => {
    assert.deepEqual(problems({}), []);
    for (const zone of ["retrofitlink.example", "example.co.uk", "example.eu.org"]) {
      assert.deepEqual(problems({ zone, hosts: [`www.${zone}`] }), []);
    }
  });

  it("is a part of a domain on enterprise only", () => {
    const part = { zone: "staging.example.com", hosts: ["app.staging.example.com"] };
    assert.deepEqual(problems(part), [
      'zone: got "staging.example.com"; allowed is a registered domain, like example.com, on the plan pro: only enterprise has zones for a part of one. Give the registered domain and its id. A second stack needs a domain of its own.',
    ]);
    assert.deepEqual(problems({ ...part, plan: "enterprise" }), []);
  });

  it("has a certificate for itself and for names one label below", () => {
    const hosts = ["www.example.com", "app.staging.example.com"];
    assert.deepEqual(problems({ hosts }), [
      'hosts[1]: got "app.staging.example.com"; allowed is example.com or a name one label below it, which is what the zone\'s universal certificate is for. Give such a name, or order Advanced Certificate Manager and set advancedCertificate to true.',
    ]);
    assert.deepEqual(problems({ hosts, advancedCertificate: true }), []);
    assert.deepEqual(certificateHosts({ zone: "example.com", hosts }), [
      "example.com",
      "*.example.com",
      "app.staging.example.com",
    ]);
  });

  it("orders no certificate for more names than one holds", () => {
    const hosts = Array.from({ length: 49 }, (_, index) => `a${index}.b.example.com`);
    assert.deepEqual(problems({ hosts, advancedCertificate: true }), [
      "hosts: got 51 names for one certificate, example.com and *.example.com among them; allowed is at most 50. Use fewer names two labels below the zone.",
    ]);
    assert.deepEqual(problems({ hosts: hosts.slice(1), advancedCertificate: true }), []);
  });
});
