/** The Kubernetes objects of a stack as its program renders them, without an engine and without a cluster. */
import * as pulumi from "@pulumi/pulumi";

import { createPlatform } from "../../stacks/platform";
import type { StackConfig } from "../../stacks/stack-file/config";

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string } & Readonly<
    Record<string, unknown>
  >;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Builds the stack as a preview does: what only a cloud knows stays unknown, and no object here depends on it. */
export async function renderedObjects(config: StackConfig): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const { metadata, spec: given } = inputs as Partial<Manifest>;
        // A custom resource is registered with the kind that it has.
        const kind = (inputs as { kind?: string }).kind ?? type.split(":").at(-1) ?? "";
        // What a PriorityClass says stands beside its metadata.
        const spec = given ?? (kind === "PriorityClass" ? (inputs as Manifest["spec"]) : undefined);
        if (type.startsWith("kubernetes:") && spec !== undefined) {
          manifests.push({ kind, metadata: { name, ...metadata }, spec });
        }
        return { id: undefined as unknown as string, state: inputs as object };
      },
      call: () => ({ id: "pl-unknown" }),
    },
    "retrofitlink",
    config.environment,
    true,
  );
  createPlatform(config);
  await pulumi.runtime.disconnect();
  return manifests;
}
