/**
 * Reads conditions of Cloudflare's rules, as far as the platform writes them. There is no program of Cloudflare's that
 * could do it here; the meaning of operators and of `is_timed_hmac_valid_v0` is that of the Rules language reference.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface EdgeRequest {
  readonly host: string;
  readonly path: string;
  /** Without the "?". @default "" */
  readonly query?: string;
  /** @default "GET" */
  readonly method?: string;
  /** Headers of the request, lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Path that the client sent, where a rule has rewritten it. @default path */
  readonly rawPath?: string;
  readonly cookies?: Readonly<Record<string, string>>;
  /** Headers of the origin's answer, lower case. */
  readonly answer?: Readonly<Record<string, string>>;
  /** Seconds since 1970. @default 1_800_000_000 */
  readonly now?: number;
}

type Value = string | number | boolean | undefined | Value[] | Record<string, string[]>;

const TOKEN = /\s*(r?"(?:[^"\\]|\\.)*"|[A-Za-z_][\w.]*|\d+|[(){}[\],*])/y;

/** True when the request meets the condition. @throws on a word that is not of the language */
export function meets(expression: string, request: EdgeRequest): boolean {
  const reader = new Reader(expression, fieldsOf(request));
  const result = reader.either();
  reader.end();
  return result;
}

function fieldsOf(request: EdgeRequest): Record<string, Value> {
  const {
    query = "",
    method = "GET",
    cookies = {},
    answer = {},
    headers = {},
    now = 1_800_000_000,
  } = request;
  const lists = (map: Readonly<Record<string, string>>): Record<string, string[]> =>
    Object.fromEntries(Object.entries(map).map(([name, value]) => [name, [value]]));
  return {
    "http.host": request.host,
    "http.request.method": method,
    "http.request.uri": query === "" ? request.path : `${request.path}?${query}`,
    "http.request.uri.path": request.path,
    "http.request.uri.query": query,
    "raw.http.request.uri.path": request.rawPath ?? request.path,
    "http.request.headers": lists(headers),
    "http.request.uri.args.names": [...new URLSearchParams(query).keys()],
    "http.request.cookies": lists(cookies),
    "http.response.headers": lists(answer),
    "http.request.timestamp.sec": now,
  };
}

class Reader {
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(
    text: string,
    private readonly fields: Readonly<Record<string, Value>>,
  ) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const found = TOKEN.exec(text);
      if (found?.[1] === undefined) throw new Error(`unreadable: ${text}`);
      this.tokens.push(found[1]);
    }
  }

  end(): void {
    if (this.at !== this.tokens.length) throw new Error(`left over: ${this.tokens.slice(this.at).join(" ")}`);
  }

  either(): boolean {
    let result = this.both();
    while (this.take("or")) result = this.both() || result;
    return result;
  }

  private both(): boolean {
    let result = this.one();
    while (this.take("and")) result = this.one() && result;
    return result;
  }

  private one(): boolean {
    if (this.take("not")) return !this.one();
    if (this.take("(")) {
      const result = this.either();
      this.need(")");
      return result;
    }
    const [every, any] = [this.take("all"), this.take("any")];
    if (every || any) this.need("(");
    const left = this.value();
    const result = this.compared(left, any);
    if (every || any) this.need(")");
    return result;
  }

  private compared(left: Value, any: boolean): boolean {
    const test = this.test();
    if (test === undefined) return left === true;
    if (any) return Array.isArray(left) && left.some(test);
    return Array.isArray(left) ? left.every(test) : left !== undefined && test(left);
  }

  private test(): ((value: Value) => boolean) | undefined {
    if (this.take("eq")) {
      const right = this.value();
      return (value) => value === right;
    }
    if (this.take("in")) {
      this.need("{");
      const members: Value[] = [];
      while (!this.take("}")) members.push(this.value());
      return (value) => members.includes(value);
    }
    if (this.take("contains")) {
      const right = textOf(this.value());
      return (value) => textOf(value).includes(right);
    }
    if (this.take("strict")) {
      this.need("wildcard");
      const pattern = textOf(this.value()).split("*").map(escaped).join(".*");
      return (value) => new RegExp(`^${pattern}$`, "s").test(textOf(value));
    }
    return undefined;
  }

  private value(): Value {
    const token = this.next();
    if (/^\d+$/.test(token)) return Number(token);
    if (token.startsWith('r"')) return token.slice(2, -1);
    if (token.startsWith('"')) return token.slice(1, -1).replaceAll(/\\(.)/g, "$1");
    if (this.take("(")) return called(token, this.parameters());
    if (!(token in this.fields)) throw new Error(`no field ${token}`);
    let value = this.fields[token];
    while (this.take("[")) {
      if (!this.take("*")) {
        const index = textOf(this.value());
        value = (value as Record<string, Value> | undefined)?.[index];
      }
      this.need("]");
    }
    return value;
  }

  private parameters(): Value[] {
    const given: Value[] = [];
    while (!this.take(")")) {
      given.push(this.value());
      this.take(",");
    }
    return given;
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at += 1;
    return true;
  }

  private need(token: string): void {
    if (!this.take(token)) throw new Error(`expected ${token}, found ${this.tokens[this.at] ?? "the end"}`);
  }

  private next(): string {
    const token = this.tokens[this.at];
    if (token === undefined) throw new Error("expected a value, found the end");
    this.at += 1;
    return token;
  }
}

/** Text and numbers as they are. */
function textOf(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function called(name: string, given: readonly Value[]): Value {
  const [first, second] = given;
  if (name === "len") return first === undefined ? 0 : ((first as string[])[0] ?? "").length;
  if (name === "starts_with") return first !== undefined && textOf(first).startsWith(textOf(second));
  if (name === "is_timed_hmac_valid_v0") return signedInTime(given);
  throw new Error(`no function ${name}`);
}

function signedInTime([key, text, lifetime, now, separator, flags]: readonly Value[]): boolean {
  if (text === undefined) return false;
  const found = new RegExp(`^(.+).{${textOf(separator)}}(\\d{10})-(.+)$`, "s").exec(textOf(text));
  if (found === null) return false;
  const [, message = "", timestamp = "", mac = ""] = found;
  const given =
    flags === "s" ? Buffer.from(mac, "base64url") : Buffer.from(decodeURIComponent(mac), "base64");
  const right = createHmac("sha256", textOf(key)).update(`${message}${timestamp}`).digest();
  return (
    given.length === right.length &&
    timingSafeEqual(given, right) &&
    Number(now) < Number(timestamp) + Number(lifetime)
  );
}
