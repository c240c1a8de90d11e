/**
 * Stand-in of a cloud's provider, for previews without credentials: it keeps the inputs and makes up outputs that look
 * like the real ones. It judges nothing; the real cloud does.
 */
import { createHash } from "node:crypto";

import { UserError } from "../user-error";
import { LOAD_BALANCER_LOOKUPS, LOAD_BALANCER_OUTPUTS } from "./load-balancer-outputs";
import { managedCacheOutputs } from "./managed-cache-outputs";
import {
  serveProvider,
  type CheckArgs,
  type CheckResult,
  type CreateArgs,
  type Replacement,
  type StandIn,
  type UpdateArgs,
} from "./serve-provider";
import type { Properties, Value } from "./values";

const ACCOUNT = "123456789012";

/** Outputs that a cloud adds, by provider. `type` is the SDK's token: `aws:lb/loadBalancer:LoadBalancer`. */
export type Inventor = (type: string, id: string, inputs: Properties) => Properties;

function noun(type: string): string {
  return (type.split(":").pop() ?? "resource").replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
}

const INVENTORS: Readonly<Record<string, Inventor>> = {
  aws: (type, id) => {
    const service = type.split(":")[1]?.split("/")[0] ?? "service";
    const arn = `arn:aws:${service}:eu-central-1:${ACCOUNT}:${noun(type)}/${id}`;
    return { arn, dnsName: `${id}.example.com`, domainName: `${id}.example.net`, zoneId: "Z000000000000" };
  },
  gcp: (type, id) => ({
    selfLink: `https://www.googleapis.com/compute/v1/projects/example/global/${noun(type)}s/${id}`,
    address: "203.0.113.10",
  }),
  cloudflare: () => ({ accountId: "00000000000000000000000000000000" }),
};

/** Outputs that others of a program are made of, by type: what is not among them is like the rest of its provider. */
const OUTPUTS: Readonly<Record<string, (id: string, inputs: Properties) => Properties>> = {
  "aws:cloudfront/distribution:Distribution": (id) => ({
    arn: `arn:aws:cloudfront::${ACCOUNT}:distribution/${id}`,
    domainName: `${id}.cloudfront.net`,
    // The zone of every distribution there is.
    hostedZoneId: "Z2FDTNDATAQYW2",
    etag: "E0000000000000",
    status: "Deployed",
  }),
  "aws:cloudfront/function:Function": (id) => ({
    arn: `arn:aws:cloudfront::${ACCOUNT}:function/${id}`,
    etag: "E0000000000000",
  }),
  "aws:acm/certificate:Certificate": (id, { domainName, subjectAlternativeNames: others }) => ({
    arn: `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/${id}`,
    domainValidationOptions: [domainName, ...(Array.isArray(others) ? (others as readonly Value[]) : [])].map(
      (name) => ({
        domainName: name,
        resourceRecordName: typeof name === "string" ? `_proof.${name}` : "_proof",
        resourceRecordType: "CNAME",
        resourceRecordValue: "_proof.acm-validations.aws",
      }),
    ),
  }),
  "aws:route53/record:Record": (_id, { name }) => ({ fqdn: name }),
  "aws:s3/bucket:Bucket": (id, { region }) => ({
    arn: `arn:aws:s3:::${id}`,
    bucket: id,
    bucketRegionalDomainName: `${id}.s3.${typeof region === "string" ? region : "eu-central-1"}.amazonaws.com`,
  }),
  "cloudflare:index/originCaCertificate:OriginCaCertificate": () => ({
    certificate: "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
  }),
};

export const CLOUDS = Object.keys(INVENTORS);

export class CloudProvider implements StandIn {
  private readonly invent: Inventor;

  constructor(
    private readonly cloud: string,
    invent: Inventor | undefined = INVENTORS[cloud],
  ) {
    if (invent === undefined)
      throw new UserError(`no stand-in for "${cloud}"; there is ${CLOUDS.join(", ")}`);
    this.invent = (type, id, inputs) => ({ ...invent(type, id, inputs), ...OUTPUTS[type]?.(id, inputs) });
  }

  check({ news }: CheckArgs): CheckResult {
    return { inputs: news };
  }

  /** A changed name is a new thing in every cloud. */
  replacement(_type: string, differences: readonly { path: string }[]): Replacement {
    return {
      paths: differences.map(({ path }) => path).filter((path) => path === "name"),
      deleteFirst: false,
    };
  }

  create({ type, urn, name, inputs, preview }: CreateArgs): Promise<{ id: string; outputs: Properties }> {
    // At preview nothing is there yet: what the cloud decides stays unknown.
    if (preview) return Promise.resolve({ id: "", outputs: inputs });
    const id = `${name}-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
    return Promise.resolve({ id, outputs: this.outputs(type, id, inputs) });
  }

  update({ type, id, inputs }: UpdateArgs): Promise<Properties> {
    return Promise.resolve(this.outputs(type, id, inputs));
  }

  private outputs(type: string, id: string, inputs: Properties): Properties {
    return {
      ...this.invent(type, id, inputs),
      ...LOAD_BALANCER_OUTPUTS[type]?.(id, inputs),
      ...managedCacheOutputs(type, id, inputs),
      ...inputs,
    };
  }

  read({ outputs }: { outputs: Properties }): Promise<Properties> {
    return Promise.resolve(outputs);
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }

  invoke(token: string, args: Properties): Promise<Properties> {
    const answer = LOAD_BALANCER_LOOKUPS[token];
    if (answer !== undefined) return Promise.resolve(answer(args));
    return Promise.reject(
      new UserError(
        `the sandbox's ${this.cloud} provider cannot look anything up (${token})`,
        "give the value in the stack file instead of looking it up",
      ),
    );
  }
}

if (require.main === module) {
  const cloud = process.argv[3] ?? "";
  serveProvider(new CloudProvider(cloud), `@pulumi/${cloud}`);
}
