import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A certificate that signed itself, in files named as a Secret of type `kubernetes.io/tls` names them. */
export interface TestCertificate {
  readonly directory: string;
  readonly certificate: string;
  readonly key: string;
  /** Another certificate in the same files. */
  renew(commonName: string): Promise<void>;
  stop(): Promise<void>;
}

export async function makeCertificate(commonName: string): Promise<TestCertificate> {
  const directory = await mkdtemp(join(tmpdir(), "tls-"));
  const certificate = join(directory, "tls.crt");
  const key = join(directory, "tls.key");
  const renew = async (name: string): Promise<void> => {
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    await promisify(execFile)("openssl", [
      "req",
      "-x509",
      ...kind,
      "-keyout",
      key,
      "-out",
      certificate,
      ...subject,
    ]);
  };
  await renew(commonName);
  return {
    directory,
    certificate,
    key,
    renew,
    stop: () => rm(directory, { recursive: true, force: true }),
  };
}
