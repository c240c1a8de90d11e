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
  /** How Prometheus proves who it is. @default not at all */
  readonly authentication?:
    | { readonly kind: "bearer"; readonly token: SecretEntry }
    | { readonly kind: "basic"; readonly username: SecretEntry; readonly password: SecretEntry };
}

/** An entry of `remoteWrite` of the Prometheus object. */
export function remoteWriteSpec({ url, authentication }: RemoteWrite): Record<string, unknown> {
  if (authentication === undefined) return { url };
  if (authentication.kind === "bearer")
    return { url, authorization: { type: "Bearer", credentials: { ...authentication.token } } };
  const { username, password } = authentication;
  return { url, basicAuth: { username: { ...username }, password: { ...password } } };
}
