/** Where Prometheus sends what it has measured, besides its own disk. */
import type * as pulumi from "@pulumi/pulumi";

/** One entry of a Secret in the namespace of the stack. */
export interface SecretEntry {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}

/** A store that keeps series for longer. */
export interface RemoteWrite {
  readonly url: pulumi.Input<string>;
  /** Of the queue, as its own metrics have it. @default none */
  readonly name?: string;
  /** Regular expression, anchored: series of these names are sent. @default all */
  readonly keep?: string | undefined;
  /** How Prometheus proves who it is. @default not at all */
  readonly authentication?:
    | { readonly kind: "bearer"; readonly token: SecretEntry }
    | { readonly kind: "basic"; readonly username: SecretEntry; readonly password: SecretEntry };
}

/** An entry of `remoteWrite` of the Prometheus object. */
export function remoteWriteSpec({ url, name, keep, authentication }: RemoteWrite): Record<string, unknown> {
  return {
    url,
    ...(name === undefined ? {} : { name }),
    ...proof(authentication),
    ...(keep === undefined
      ? {}
      : { writeRelabelConfigs: [{ sourceLabels: ["__name__"], regex: keep, action: "keep" }] }),
  };
}

function proof(authentication: RemoteWrite["authentication"]): Record<string, unknown> {
  if (authentication === undefined) return {};
  if (authentication.kind === "bearer")
    return { authorization: { type: "Bearer", credentials: { ...authentication.token } } };
  const { username, password } = authentication;
  return { basicAuth: { username: { ...username }, password: { ...password } } };
}
