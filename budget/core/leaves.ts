/** Settings that several nouns have: names, addresses, ports, paths. */
import { z } from "zod";

import { about, list, number, ruled, text } from "./settings";

const SPELLING = "Use lower-case letters, digits and hyphens, a letter first.";

/** Name of a workload. Leaves room for the suffixes of its Services and for the hashes of its pods. */
export const workloadName = text(/^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/, {
  allowed: "a DNS label of at most 52 characters",
  fix: SPELLING,
});

/** Name of a Namespace. */
export const namespaceName = text(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, {
  allowed: "a DNS label of at most 63 characters",
  fix: SPELLING,
});

/** Name of a Secret. */
export const secretName = text(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
  allowed: "the name of a Secret of the namespace",
  fix: "See `kubectl get secrets`.",
});

/** Key of an entry of a Secret. */
export const secretKey = text(/^[-._A-Za-z0-9]{1,253}$/, {
  allowed: "the key of an entry of the Secret: letters, digits, hyphens, underscores and dots",
  fix: "See `kubectl describe secret`.",
});

/** Name of an environment variable. */
export const variableName = text(/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/, {
  allowed: "a name of letters, digits and underscores, no digit first",
  fix: "Rename the variable.",
});

/** Key of an annotation: a name, with a domain before it or without. */
export const annotationKey = text(
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/,
  {
    allowed:
      "a key like example.com/team: a domain and a slash, which may be left out, and at most 63 characters",
    fix: "Use letters, digits, hyphens, underscores and dots.",
  },
);

/** Name of a host in DNS, in lower case, without a dot at its end. */
export const hostName = text(
  /^(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  {
    allowed: "a host name in lower case, like app.example.org",
    fix: "Leave https:// and the port out; write other letters in Punycode, xn--….",
  },
);

/** Names that clients use. @param item what is allowed of each */
export function clientHosts<Item extends z.ZodType>(item: Item): z.ZodArray<Item> {
  return list(item, { allowed: "a list of host names", fix: "Give the names that clients use." });
}

/** What is said of an empty list of names. */
export const NO_HOST = {
  allowed: "at least one host name",
  fix: "Give the names that clients use, or that the CDN does.",
};

/** What is said of a name that is in a list twice. */
export const NAMED_ONCE = { allowed: "each name once", fix: "Remove the second." };

/** True where no item is in a list twice. */
export function areDifferent(items: readonly string[]): boolean {
  return new Set(items).size === items.length;
}

/** A range of addresses, IPv4 or IPv6. */
export const cidr = about(z.union([z.cidrv4(), z.cidrv6()]), {
  allowed: "a range of addresses in CIDR notation, like 203.0.113.0/24",
  fix: "Give an address and how many of its bits count.",
});

/** A port. */
export const port = number(
  { atLeast: 1, atMost: 65_535, whole: true },
  { fix: "Give the port that it listens on." },
);

/** Zones of the cluster's nodes, over which pods are spread. */
export const zones = number(
  { atLeast: 1, atMost: 6, whole: true },
  { fix: "Count the zones of the cluster's nodes.", decides: "replicas, members, placement" },
);

/** Connections that one process keeps to one server. */
export const poolSize = number(
  { unit: "connections", atLeast: 1, atMost: 100_000, whole: true },
  { fix: "Give the connections that one process keeps." },
);

/** Name of a storage class. */
export const storageClassName = text(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
  allowed: "the name of a storage class",
  fix: "See `kubectl get storageclass`.",
});

/** Which of the generated passwords are used. */
export const passwordGeneration = number(
  { atLeast: 1, atMost: 1_000_000, whole: true },
  { fix: "Raise it by one for new passwords.", decides: "passwords" },
);

/** Path of an endpoint. */
export const urlPath = text(/^\/[!"$-~]*$/, {
  allowed: 'a path that begins with "/", without spaces and "#"',
  fix: "Give the path of the endpoint.",
});

/** `registry.example.com:5000/team/app:1.2.3@sha256:…`, as the container runtimes read it: no scheme, path in lower case. */
const REFERENCE =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** True for `name@sha256:…` and for `name:tag` with a tag that does not move under a running service. */
function isPinned(image: string): boolean {
  if (image.includes("@sha256:")) return true;
  const tag = image.slice(image.lastIndexOf("/") + 1).split(":")[1];
  return tag !== undefined && tag !== "" && tag !== "latest";
}

/** An image of a container. */
export const image = ruled(
  text(REFERENCE, {
    allowed: "a reference like registry.example.com/team/app:1.2.3, a digest with 64 hexadecimal digits",
    fix: "Leave https:// out, and write all but the tag in lower case.",
  }),
  isPinned,
  {
    allowed: 'an image with a digest, or with a tag other than "latest"',
    fix: "Name the version, so that a restarted pod runs the same code as its neighbours.",
  },
);
