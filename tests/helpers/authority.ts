import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** An authority of one's own, and a certificate for 127.0.0.1 that it signed. Paths of PEM files. */
export interface PrivateAuthority {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  stop(): Promise<void>;
}

const KIND = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export async function makePrivateAuthority(): Promise<PrivateAuthority> {
  const directory = await mkdtemp(join(tmpdir(), "authority-"));
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: string[]) => promisify(execFile)("openssl", args);
  const ca = [
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.crt"),
    "-days",
    "2",
    "-subj",
    "/CN=a private authority",
  ];
  await openssl("req", "-x509", ...KIND, ...ca);
  await openssl(
    "req",
    "-new",
    ...KIND,
    "-keyout",
    at("server.key"),
    "-out",
    at("server.csr"),
    "-subj",
    "/CN=redis",
  );
  await writeFile(at("names"), "subjectAltName=IP:127.0.0.1\n");
  const by = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"];
  await openssl(
    "x509",
    "-req",
    "-in",
    at("server.csr"),
    ...by,
    "-extfile",
    at("names"),
    "-out",
    at("server.crt"),
  );
  return {
    authority: at("ca.crt"),
    certificate: at("server.crt"),
    key: at("server.key"),
    stop: () => rm(directory, { recursive: true, force: true }),
  };
}
