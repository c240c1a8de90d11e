/**
 * Stand-in of a cloud's provider, for previews without credentials: it names and judges resources as the official
 * provider and its cloud do, keeps the inputs and makes up outputs that look like the real ones.
 */
import { createHash } from "node:crypto";

import { UserError } from "../../cli/user-error";
import { ACCOUNT, arnOf, awsId } from "./clouds/arns";
import { autoNameOf, withAutoName } from "./clouds/auto-naming";
import { Identities } from "./clouds/identities";
import { examine, judge } from "./clouds/judge";
import { awsProblems } from "./clouds/places";
import { replacementOf } from "./clouds/replacement";
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
  urnName,
} from "./protocol/serve-provider";
import type { Change, Properties, Value } from "./protocol/values";

/** Outputs that a cloud adds, by provider. `type` is the SDK's token: `aws:lb/loadBalancer:LoadBalancer`. */
export type Inventor = (type: string, id: string, inputs: Properties) => Properties;

function noun(type: string): string {
  return (type.split(":").pop() ?? "resource").replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
}

const INVENTORS: Readonly<Record<string, Inventor>> = {
  aws: (type, id, inputs) => {
    const service = type.split(":")[1]?.split("/")[0] ?? "service";
    const arn = arnOf(type, id, inputs) ?? `arn:aws:${service}:eu-central-1:${ACCOUNT}:${noun(type)}/${id}`;
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
  private readonly identities = new Identities();

  constructor(
    private readonly cloud: string,
    invent: Inventor | undefined = INVENTORS[cloud],
  ) {
    if (invent === undefined)
      throw new UserError(`no stand-in for "${cloud}"; there is ${CLOUDS.join(", ")}`);
    this.invent = (type, id, inputs) => ({ ...invent(type, id, inputs), ...OUTPUTS[type]?.(id, inputs) });
  }

  configure(settings: Properties): void {
    const [wrong] = this.cloud === "aws" ? awsProblems(settings) : [];
    if (wrong !== undefined) throw new UserError(wrong.reason, "set aws:region to a region of AWS");
  }

  check({ urn, type, name, news, olds, randomSeed }: CheckArgs): CheckResult {
    const { inputs, problem } = withAutoName(type, name, { news, olds, seed: randomSeed });
    const taken = this.identities
      .take(urn, type, inputs)
      .map(({ property, reason }) => ({ property, reason: examine(reason, name, property) }));
    const named = problem === undefined ? [] : [problem];
    return { inputs, problems: [...named, ...judge(type, name, inputs), ...taken] };
  }

  replacement(
    type: string,
    differences: readonly Change[],
    inputs: Properties,
    olds: Properties,
    urn: string,
  ): Replacement {
    return replacementOf(type, urnName(urn), differences, inputs, olds);
  }

  create({ type, urn, name, inputs, preview }: CreateArgs): Promise<{ id: string; outputs: Properties }> {
    // At preview nothing is there yet: what the cloud decides stays unknown.
    if (preview) return Promise.resolve({ id: "", outputs: inputs });
    const physical = inputs[autoNameOf(type)?.property ?? ""];
    const made = `${name}-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
    const id = awsId(type, urn) ?? (typeof physical === "string" ? physical : made);
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
