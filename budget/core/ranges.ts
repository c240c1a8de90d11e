/** Ranges of addresses in CIDR notation. */
import { z } from "zod";

/** Wider ranges than these belong to many owners: they stand for the whole internet. Bits, by version. */
const WIDEST = { 4: 8, 6: 16 } as const;

/**
 * What is allowed instead of a range, or undefined where it is one: in CIDR notation, without bits behind its prefix,
 * which AWS refuses, and not wider than /8 of IPv4 or /16 of IPv6.
 */
export function allowedRange(range: string): string | undefined {
  const [address = "", prefix = "", ...rest] = range.split("/");
  const version = versionOf(address);
  const bits = Number(prefix);
  const length = version === 6 ? 128 : 32;
  if (version === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefix) || bits > length) {
    return "a range in CIDR notation, like 203.0.113.0/24";
  }
  const widest = WIDEST[version];
  if (bits < widest) return `a range that is not everybody, at the widest /${widest}`;
  return (addressOf(address) & ((1n << BigInt(length - bits)) - 1n)) === 0n
    ? undefined
    : `a range without bits behind its prefix; one address alone is ${address}/${length}`;
}

/** Version of an address. One of version 4 within one of version 6 is refused: it stands for no range of its own. */
function versionOf(address: string): 4 | 6 | undefined {
  if (z.ipv4().safeParse(address).success) return 4;
  return !address.includes(".") && z.ipv6().safeParse(address).success ? 6 : undefined;
}

/** An address as a number. */
function addressOf(address: string): bigint {
  if (!address.includes(":")) {
    return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  }
  const [head = [], tail = []] = address
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0");
  return [...head, ...zeros, ...tail].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
