import assert from "node:assert/strict";

import type * as pulumi from "@pulumi/pulumi";

import { cloudflareRecords } from "../../../../components/edge/cloudflare/cloudflare-records";
import { AwsAlb } from "../../../../components/load-balancing/public/aws/aws-alb";
import type { RecordWriter } from "../../../../components/shared/host-records";
import { parseStackConfig, withCdnProvider } from "../../../../stacks/stack-file/config";
import { createPlatform } from "../../../../stacks/platform";
import { cdnStackFile, inventedOutputs } from "../../../helpers/cdn";
import { record, type Recording } from "../../../helpers/pulumi";
import { onGcp, shippedText, stackFile, type StackFile } from "../../../helpers/stack-file";
import { AWS_ALB, AWS_ALB_OUTPUTS } from "../../components/load-balancing/aws-alb-fixture";
import { TODAY, mistakesOf } from "../sound-stack";

const INVOKES = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } };

/** What Google adds to the inputs, as far as the load balancer looks at it. */
function outputs(type: string, inputs: Record<string, unknown>): object {
  if (type === "gcp:compute/globalAddress:GlobalAddress") return { address: "203.0.113.10" };
  if (type === "gcp:certificatemanager/dnsAuthorization:DnsAuthorization") {
    const name = `_acme-challenge.${String(inputs["domain"])}.`;
    return { dnsResourceRecords: [{ name, type: "CNAME", data: "0123.authorize.certificatemanager.goog." }] };
  }
  return inventedOutputs(type, inputs);
}

async function built(file: StackFile): Promise<Recording> {
  const { config, issues: problems } = parseStackConfig(file, TODAY);
  assert.deepEqual(problems, []);
  return record(() => createPlatform(config ?? assert.fail()), { outputs, invokes: INVOKES });
}

/** A shipped file as `CDN_PROVIDER=cloudflare` deploys it. */
function shipped(stack: string, cloud: "aws" | "gcp"): StackFile {
  const file = withCdnProvider(stackFile(shippedText(stack)), "cloudflare") as StackFile;
  if (cloud === "gcp") {
    onGcp(file);
    delete file["loadBalancer"].public.aws;
    delete file["loadBalancer"].trustedProxies;
  }
  // What is no part of the way of a request.
  for (const block of ["database", "caches"]) delete file[block];
  for (const service of Object.values(file["services"] as StackFile)) {
    delete service.caches;
    delete service.database;
  }
  return file;
}

/** Records at Cloudflare: `name type content`, with a mark where clients go through Cloudflare. */
function records(recording: Recording): string[] {
  return recording
    .ofType("cloudflare:index/dnsRecord:DnsRecord")
    .map(({ inputs: { name, type, content, proxied } }) => [name, type, content, proxied].join(" "))
    .sort();
}

const elsewhere = (recording: Recording): string[] =>
  recording.typesAndNames().filter((line) => /^(aws:route53|gcp:dns)\//.test(line));

describe("records of the load balancer behind Cloudflare", () => {
  for (const [stack, domain] of [
    ["production", "retrofitlink.example"],
    ["staging", "retrofitlink-staging.example"],
  ] as const) {
    it(`are all in Cloudflare's zone, as ${stack} is shipped, on aws`, async () => {
      const recording = await built(shipped(stack, "aws"));
      assert.deepEqual(records(recording), [
        `_proof.origin.${domain} CNAME _proof.acm-validations.aws false`,
        `app.${domain} CNAME origin.${domain} true`,
        `origin.${domain} CNAME public-1234567890.eu-central-1.elb.amazonaws.com false`,
      ]);
      assert.deepEqual(elsewhere(recording), []);
    });

    it(`are all in Cloudflare's zone, as ${stack} is shipped, on gcp`, async () => {
      const recording = await built(shipped(stack, "gcp"));
      assert.deepEqual(records(recording), [
        `_acme-challenge.origin.${domain} CNAME 0123.authorize.certificatemanager.goog false`,
        `app.${domain} CNAME origin.${domain} true`,
        `origin.${domain} A 203.0.113.10 false`,
      ]);
      assert.deepEqual(elsewhere(recording), []);
    });
  }

  it("are there before anybody waits for the certificate that they prove", async () => {
    const waitedFor = new Map<string, unknown>();
    const look: pulumi.ResourceTransformation = ({ name, opts }) => {
      waitedFor.set(name, opts.dependsOn);
      return undefined;
    };
    const proof = new Map<string, pulumi.Resource>();
    const write = cloudflareRecords("0123456789abcdef0123456789abcdef");
    const records: RecordWriter = (name, ...rest) => {
      const made = write(name, ...rest);
      proof.set(name, made);
      return made;
    };
    await record(() => new AwsAlb("public", { ...AWS_ALB, records }, { transformations: [look] }), {
      outputs: AWS_ALB_OUTPUTS,
      invokes: INVOKES,
    });
    const proofs = AWS_ALB.hosts.map(
      (host) => proof.get(`public-certificate-proof-${host}`) ?? assert.fail(host),
    );
    assert.deepEqual(waitedFor.get("public-certificate-validation"), proofs);
  });

  it("need no zone of the cloud, where Cloudflare has theirs", () => {
    const file = cdnStackFile("cloudflare");
    delete file["loadBalancer"].public.dnsZone;
    assert.deepEqual(mistakesOf(file), []);
    file["loadBalancer"].public.hosts = ["origin.example.net"];
    assert.deepEqual(mistakesOf(file), [
      "retrofitlink:loadBalancer.public.dnsZone: got nothing; allowed is the zone of the hosts. Name the zone, in which the certificate is proved, or give a certificate that is there.",
    ]);
  });

  it("stay in the zone of the cloud, where the hosts are of another domain", async () => {
    const file = cdnStackFile("cloudflare");
    file["loadBalancer"].public.hosts = ["origin.example.net"];
    const recording = await built(file);
    assert.deepEqual(records(recording), [
      "example.com CNAME origin.example.net true",
      "www.example.com CNAME origin.example.net true",
    ]);
    assert.deepEqual(elsewhere(recording), [
      "aws:route53/record:Record public-load-balancer-certificate-proof-origin.example.net",
      "aws:route53/record:Record public-load-balancer-record-origin.example.net",
    ]);
  });

  it("are not divided between two services", () => {
    const file = cdnStackFile("cloudflare");
    file["loadBalancer"].public.hosts = ["origin.example.com", "origin.example.net"];
    assert.deepEqual(mistakesOf(file), [
      'retrofitlink:loadBalancer.public.hosts: got "origin.example.com origin.example.net"; allowed is names that are all within example.com, where Cloudflare has their records, or all outside of it. Keep one kind: a CDN connects to the first.',
    ]);
  });
});
