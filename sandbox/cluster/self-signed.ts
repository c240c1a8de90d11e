/** Certificates that sign themselves, for programs of the control plane that trust exactly one other. No openssl needed. */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its key, PEM. */
export interface SelfSigned {
  readonly certificate: string;
  readonly key: string;
}

/** Paths of a certificate and its key. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** The certificate `commonName` in a folder, made when it is not there. */
export function ensureCertificate(directory: string, commonName: string): CertificateFiles {
  const files = {
    certificate: join(directory, `${commonName}.crt`),
    key: join(directory, `${commonName}.key`),
  };
  if (!existsSync(files.certificate) || !existsSync(files.key)) {
    const { certificate, key } = selfSigned(commonName);
    writeFileSync(files.key, key, { mode: 0o600 });
    writeFileSync(files.certificate, certificate);
  }
  return files;
}

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
const COMMON_NAME = "550403";
const SUBJECT_KEY_IDENTIFIER = "551d0e";
const KEY_USAGE = "551d0f";
const SUBJECT_ALTERNATIVE_NAME = "551d11";
const BASIC_CONSTRAINTS = "551d13";
const EXTENDED_KEY_USAGE = "551d25";
const SERVER_AUTHENTICATION = "2b06010505070301";
const CLIENT_AUTHENTICATION = "2b06010505070302";

/**
 * A certificate for `localhost` and 127.0.0.1 that servers and clients may show, and that is its own authority: who
 * trusts it trusts nobody else. Structure: RFC 5280, section 4.1.
 *
 * @param commonName what a client that shows it is called
 */
export function selfSigned(commonName: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const publicInfo = publicKey.export({ type: "spki", format: "der" });
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
  const name = sequence(set(sequence(objectId(COMMON_NAME), utf8(commonName))));
  const now = Date.now();
  // A clock that is a little behind shall accept it as well.
  const validity = sequence(time(now - 86_400_000), time(now + TEN_YEARS_MS));
  const extensions = [
    extension(BASIC_CONSTRAINTS, sequence(TRUE)),
    // Digital signature, key encipherment, signing of certificates.
    extension(KEY_USAGE, der(0x03, Buffer.from([2, 0b1010_0100]))),
    extension(EXTENDED_KEY_USAGE, sequence(objectId(SERVER_AUTHENTICATION), objectId(CLIENT_AUTHENTICATION))),
    extension(SUBJECT_KEY_IDENTIFIER, der(0x04, createHash("sha1").update(publicInfo).digest())),
    extension(
      SUBJECT_ALTERNATIVE_NAME,
      sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1]))),
    ),
  ];
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)]);
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    validity,
    name,
    publicInfo,
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", content, privateKey);
  const certificate = sequence(content, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    certificate: pem(certificate),
    key: privateKey.export({ type: "sec1", format: "pem" }).toString(),
  };
}

const TRUE = der(0x01, Buffer.from([0xff]));

/** Tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const bytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

/** UTCTime, which RFC 5280 asks for until 2049. */
function time(at: number): Buffer {
  const digits = new Date(at)
    .toISOString()
    .replaceAll(/[-:T]|\.\d+/g, "")
    .slice(2);
  return der(0x17, Buffer.from(digits));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), der(0x04, value));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
