/** Edges that check signatures as their vendors document it. They know public keys and secrets, and nothing of ours. */
import { createHmac, createVerify, timingSafeEqual } from "node:crypto";
import { BlockList } from "node:net";

/** Why an edge refuses, or that it does not. */
export type Verdict =
  | "granted"
  | "no signature"
  | "wrong signature"
  | "expired"
  | "too early"
  | "another client"
  | "another resource";

/** Base64 as CloudFront writes it into URLs and cookies. */
function decoded(text: string): Buffer {
  return Buffer.from(text.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/"), "base64");
}

interface Statement {
  readonly Resource: string;
  readonly Condition: {
    readonly DateLessThan: { readonly "AWS:EpochTime": number };
    readonly DateGreaterThan?: { readonly "AWS:EpochTime": number };
    readonly IpAddress?: { readonly "AWS:SourceIp": string };
  };
}

/** CloudFront with a key group: canned policies in URLs, custom policies in cookies and in URLs. */
export class CloudFrontEdge {
  /** @param keys public keys, PEM, by id */
  constructor(private readonly keys: Readonly<Record<string, string>>) {}

  checkUrl(signed: string, now: number, client = "192.0.2.7"): Verdict {
    // As the text it is: parsing and writing the query again would change how it is encoded.
    const [path = "", query = ""] = signed.split("?");
    const own = ["Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm", "Policy"];
    const parameters = query.split("&");
    const take = (name: string): string | undefined =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
    const rest = parameters.filter((parameter) => !own.includes(parameter.split("=")[0] ?? ""));
    const resource = [path, ...(rest.join("&") === "" ? [] : [rest.join("&")])].join("?");
    const [expires, signature, id, algorithm, custom] = own.map(take);
    if (custom !== undefined)
      return this.checkPolicy(resource, { custom, signature, id, algorithm }, now, client);
    if (!expires || !signature) return "no signature";
    // The canned policy is not sent: the edge makes it again from the URL that it was asked for.
    const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
    if (!this.verify(policy, signature, id ?? "", algorithm ?? "")) return "wrong signature";
    return Number(expires) > now ? "granted" : "expired";
  }

  checkCookies(
    url: string,
    cookies: Readonly<Record<string, string>>,
    now: number,
    client = "192.0.2.7",
  ): Verdict {
    const [custom, signature, id, algorithm] = ["Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"].map(
      (name) => cookies[`CloudFront-${name}`],
    );
    if (custom === undefined) return "no signature";
    return this.checkPolicy(url, { custom, signature, id, algorithm }, now, client);
  }

  private checkPolicy(
    url: string,
    given: { custom: string } & Partial<Record<"signature" | "id" | "algorithm", string | undefined>>,
    now: number,
    client: string,
  ): Verdict {
    const policy = decoded(given.custom).toString("utf8");
    const { signature = "", id = "", algorithm = "" } = given;
    if (!this.verify(policy, signature, id, algorithm)) return "wrong signature";
    const [statement] = (JSON.parse(policy) as { Statement: [Statement] }).Statement;
    const pattern = statement.Resource.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    if (!new RegExp(`^${pattern}$`).test(url)) return "another resource";
    const { DateLessThan: end, DateGreaterThan: start, IpAddress: address } = statement.Condition;
    if (start !== undefined && start["AWS:EpochTime"] > now) return "too early";
    if (address !== undefined) {
      const [network = "", bits = "32"] = address["AWS:SourceIp"].split("/");
      const allowed = new BlockList();
      allowed.addSubnet(network, Number(bits));
      if (!allowed.check(client)) return "another client";
    }
    return end["AWS:EpochTime"] > now ? "granted" : "expired";
  }

  private verify(policy: string, signature: string, id: string, algorithm: string): boolean {
    const key = this.keys[id];
    if (key === undefined) return false;
    const verifier = createVerify(algorithm === "SHA256" ? "RSA-SHA256" : "RSA-SHA1");
    return verifier.update(policy).verify(key, decoded(signature));
  }
}

/** `is_timed_hmac_valid_v0` of Cloudflare's rules language. */
export function timedHmac(
  key: string,
  messageMac: string,
  lifetime: number,
  now: number,
  separatorLength: number,
  flags = "",
): Verdict {
  const match = /^(.+?)(\d{10})-(.{43,})$/s.exec(messageMac);
  if (match === null) return "no signature";
  const [, beginning = "", timestamp = "", mac = ""] = match;
  const message = beginning.slice(0, beginning.length - separatorLength);
  const given =
    flags === "s" ? Buffer.from(mac, "base64url") : Buffer.from(decodeURIComponent(mac), "base64");
  const expected = createHmac("sha256", key).update(message).update(timestamp).digest();
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return "wrong signature";
  return Number(timestamp) + lifetime > now ? "granted" : "expired";
}

/** A Cloudflare zone with a rule that accepts the signatures of some secrets. */
export class CloudflareEdge {
  constructor(
    private readonly secrets: readonly string[],
    private readonly lifetime: number,
  ) {}

  checkUrl(signed: string, now: number): Verdict {
    const { pathname, search } = new URL(signed);
    return this.any((secret) => timedHmac(secret, `${pathname}${search}`, this.lifetime, now, 8));
  }

  checkCookies(url: string, cookies: Readonly<Record<string, string>>, now: number): Verdict {
    const value = cookies["cdn-access"];
    if (value === undefined) return "no signature";
    // The rule compares the path with the prefix inside the cookie before it looks at the signature.
    if (!new URL(url).pathname.startsWith(value.slice(0, value.indexOf(":")))) return "another resource";
    return this.any((secret) => timedHmac(secret, value, this.lifetime, now, 1, "s"));
  }

  private any(check: (secret: string) => Verdict): Verdict {
    const verdicts = this.secrets.map(check);
    return verdicts.find((verdict) => verdict !== "wrong signature") ?? "wrong signature";
  }
}
