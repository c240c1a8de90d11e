/** TLS that ends at the proxy: where the certificate comes from, whom it covers, what is spoken. */
import type * as pulumi from "@pulumi/pulumi";

import { issue, type Issue, issuesOf, within } from "../../../budget/core/issues";
import type { SettingPath } from "../../../budget/core/settings";
import { clientHost } from "../../../budget/load-balancing/settings";

interface TlsOptions {
  /** What the plain port does: send clients to the encrypted one, or not exist. @default "redirect" */
  readonly plainPort?: "redirect" | "off";
}

/** A certificate that cert-manager keeps: the component makes the Certificate, cert-manager the Secret. */
export interface IssuedTls extends TlsOptions {
  readonly issuer: { readonly kind: "Issuer" | "ClusterIssuer"; readonly name: string };
  /** Host names of the certificate, at least one. `*.example.org` covers one label. */
  readonly hosts: readonly string[];
}

/** A certificate that somebody else keeps, in a Secret of type `kubernetes.io/tls`. */
export interface GivenTls extends TlsOptions {
  readonly secretName: pulumi.Input<string>;
  /** Host names of the certificate, to be checked against what the proxy serves. @default unknown, and not checked */
  readonly hosts?: readonly string[];
}

export type ProxyTls = IssuedTls | GivenTls;

/** Where the Secret's files are in the container. */
export const TLS_FILES = { directory: "/tls", certificate: "/tls/tls.crt", key: "/tls/tls.key" } as const;

/**
 * Forward secrecy and authenticated encryption only. Clients choose among them: telephones prefer ChaCha20. Groups are
 * OpenSSL's own choice, which has been post-quantum first (X25519MLKEM768) since 3.5: a list here would keep it off.
 */
export const TLS_CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];

/** How long a client may resume its session, seconds: at the pod that has it. */
export const TLS_SESSION_SECONDS = 3600;

/**
 * Hosts that no name of a certificate covers. A wildcard stands for one label, as RFC 6125 has it.
 *
 * @param hosts host names that clients use
 * @param names host names of the certificate
 */
export function uncoveredHosts(hosts: readonly string[], names: readonly string[]): string[] {
  const covers = (name: string, host: string): boolean =>
    name === host || (name.startsWith("*.") && name.slice(1) === host.slice(host.indexOf(".")));
  return hosts.filter((host) => !names.some((name) => covers(name, host)));
}

/**
 * @param tls of a proxy that ends TLS
 * @param hosts host names that clients use
 */
export function tlsIssues(tls: ProxyTls | undefined, hosts: readonly string[]): Issue[] {
  const names = tls?.hosts ?? [];
  const issues = [
    ...hosts.flatMap((host, index) => hostIssues(host, ["hosts", index])),
    ...names.flatMap((host, index) => hostIssues(host, ["tls", "hosts", index])),
  ];
  if (tls === undefined) return issues;
  if ("issuer" in tls && names.length === 0) {
    const fix = "Name the hosts that clients use.";
    issues.push(issue("tls.hosts", names, { allowed: "at least one host name", fix }));
  }
  const uncovered = tls.hosts === undefined ? [] : uncoveredHosts(hosts, names);
  if (names.length > 0 && uncovered.length > 0) {
    issues.push(
      issue("tls.hosts", names, {
        allowed: `names that cover every one of hosts, also ${uncovered.join(", ")}`,
        fix: "Add them to the certificate, or remove them from hosts.",
      }),
    );
  }
  return issues;
}

function hostIssues(host: string, path: SettingPath): Issue[] {
  return within(path, issuesOf(clientHost, host));
}

/**
 * Spec of the cert-manager Certificate. Keys are replaced at each renewal, and are elliptic: a handshake costs the
 * proxy a tenth of what RSA does.
 */
export function certificateSpec({ issuer, hosts }: IssuedTls, secretName: string): Record<string, unknown> {
  return {
    secretName,
    dnsNames: [...hosts],
    issuerRef: { group: "cert-manager.io", kind: issuer.kind, name: issuer.name },
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    usages: ["digital signature", "server auth"],
  };
}
