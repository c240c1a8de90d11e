/** What the program registers for the eight variants. */
import { createPlatform } from "../../stacks/platform";
import { inventedOutputs } from "./cdn";
import { record, type Recording } from "./pulumi";
import { variantConfig } from "./variants";

/** What the clouds add to the inputs, as far as other resources are made of it. */
function outputs(type: string, inputs: Record<string, unknown>): object {
  const added: Readonly<Record<string, object>> = {
    "gcp:compute/globalAddress:GlobalAddress": { address: "203.0.113.10" },
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": { dnsResourceRecords: [] },
    "aws:ec2/securityGroup:SecurityGroup": { ownerId: "123456789012" },
    "random:index/randomPassword:RandomPassword": { result: "s3cret" },
  };
  return { ...inventedOutputs(type, inputs), ...added[type] };
}

const recorded = new Map<string, Promise<Recording>>();

/** Recorded once, for several specs look at the same. */
export function recordVariant(variant: string): Promise<Recording> {
  const known = recorded.get(variant) ?? recordNow(variant);
  recorded.set(variant, known);
  return known;
}

async function recordNow(variant: string): Promise<Recording> {
  const config = variantConfig(variant);
  return await record(() => createPlatform(config), {
    preview: true,
    stack: config.environment,
    outputs,
    invokes: { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d4e5f60718" } },
  });
}
