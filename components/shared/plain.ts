import type * as pulumi from "@pulumi/pulumi";

/** An input where it is plain text, for a summary, which holds nothing that is known late; else what stands for it. */
export function plainText(input: pulumi.Input<string>, otherwise = ""): string {
  return typeof input === "string" ? input : otherwise;
}
