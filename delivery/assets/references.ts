/** References from one file to another: found by real parsers, and replaced in place, so that nothing else changes. */
import { posix } from "node:path";

import { parse as parseHtml, type DefaultTreeAdapterMap } from "parse5";
import postcss from "postcss";
import valueParser from "postcss-value-parser";

/** A reference in a text. */
export interface Reference {
  /** As it is written, without quotes: `../img/a.png?x#y`. */
  readonly written: string;
  /** Path below the folder that it means: `img/a.png`. */
  readonly target: string;
}

/** Gives the URL that a reference becomes, or undefined to leave it as it is. */
export type Replace = (reference: Reference) => string | undefined;

/**
 * The path below the folder that a URL in the file `from` means, or undefined when it leads elsewhere: another host, a
 * fragment, data, or out of the folder.
 *
 * @param publicPath where the folder is published: `/assets/`
 */
export function targetOf(written: string, from: string, publicPath: string): string | undefined {
  const url = written.trim();
  if (url === "" || /^(#|\?|\/\/|[a-z][a-z0-9+.-]*:)/i.test(url)) return undefined;
  const path = decoded(url.replace(/[?#].*$/s, ""));
  if (path === undefined || path.includes("\\")) return undefined;
  const absolute = path.startsWith("/") ? path : posix.join(publicPath, posix.dirname(from), path);
  const clean = posix.normalize(absolute);
  return clean.startsWith(publicPath) && clean !== publicPath ? clean.slice(publicPath.length) : undefined;
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The part of a URL that is no path: `?x#y`. */
function suffixOf(written: string): string {
  return /[?#].*$/s.exec(written.trim())?.[0] ?? "";
}

function replacement(
  written: string,
  from: string,
  publicPath: string,
  replace: Replace,
): string | undefined {
  const target = targetOf(written, from, publicPath);
  const url = target === undefined ? undefined : replace({ written, target });
  return url === undefined ? undefined : url + suffixOf(written);
}

/** Style sheet: `url(…)` in declarations and `@import`. */
export function rewriteCss(text: string, from: string, publicPath: string, replace: Replace): string {
  const sheet = postcss.parse(text, { from });
  const inValue = (value: string, imports: boolean): string => {
    const parsed = valueParser(value);
    parsed.walk((node, index) => {
      if (node.type === "function" && /^(src|url)$/i.test(node.value)) {
        const [only] = node.nodes;
        if (
          node.nodes.length === 1 &&
          only !== undefined &&
          (only.type === "string" || only.type === "word")
        ) {
          only.value = replacement(only.value, from, publicPath, replace) ?? only.value;
        }
        return false;
      }
      if (imports && index === 0 && node.type === "string") {
        node.value = replacement(node.value, from, publicPath, replace) ?? node.value;
      }
      return undefined;
    });
    return valueParser.stringify(parsed.nodes);
  };
  sheet.walk((node) => {
    if (node.type === "decl" && /(url|src)\(/i.test(node.value)) {
      const changed = inValue(node.value, false);
      if (changed !== node.value) node.value = changed;
    } else if (node.type === "atrule" && node.name.toLowerCase() === "import") {
      const changed = inValue(node.params, true);
      if (changed !== node.params) node.params = changed;
    }
  });
  return sheet.toString();
}

type Node = DefaultTreeAdapterMap["node"];
type Element = DefaultTreeAdapterMap["element"];

/** Attributes that name one file. `href` of a link to a page does not: a page keeps its name. */
const URL_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  script: ["src"],
  img: ["src"],
  source: ["src"],
  video: ["src", "poster"],
  audio: ["src"],
  track: ["src"],
  embed: ["src"],
  input: ["src"],
  link: ["href"],
  object: ["data"],
  image: ["href", "xlink:href"],
  use: ["href", "xlink:href"],
};

const SRCSET_ATTRIBUTES = ["srcset", "imagesrcset"];

/** One place of a text and what comes there. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Page: attributes that name files, `srcset`, `style` attributes and elements.
 *
 * @param integrity gives the digest of a target for an `integrity` attribute beside the reference
 */
export function rewriteHtml(
  text: string,
  from: string,
  publicPath: string,
  replace: Replace,
  integrity: (target: string) => string | undefined,
): string {
  const edits: Edit[] = [];
  const visit = (node: Node): void => {
    if ("tagName" in node) edits.push(...elementEdits(node, text, from, publicPath, replace, integrity));
    const children =
      "content" in node ? node.content.childNodes : "childNodes" in node ? node.childNodes : [];
    for (const child of children) visit(child);
  };
  visit(parseHtml(text, { sourceCodeLocationInfo: true }));
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce((whole, { start, end, text: put }) => whole.slice(0, start) + put + whole.slice(end), text);
}

function elementEdits(
  element: Element,
  text: string,
  from: string,
  publicPath: string,
  replace: Replace,
  integrity: (target: string) => string | undefined,
): Edit[] {
  const edits: Edit[] = [];
  const change = (name: string, value: string): void => {
    const place = element.sourceCodeLocation?.attrs?.[name];
    if (place === undefined) return;
    edits.push({ start: place.startOffset, end: place.endOffset, text: `${name}="${escaped(value)}"` });
  };
  let named: string | undefined;
  for (const { name, prefix, value } of element.attrs) {
    const attribute = prefix === undefined || prefix === "" ? name : `${prefix}:${name}`;
    let changed: string | undefined;
    if (URL_ATTRIBUTES[element.tagName]?.includes(attribute) === true) {
      changed = replacement(value, from, publicPath, replace);
      if (changed !== undefined) named = targetOf(value, from, publicPath);
    } else if (SRCSET_ATTRIBUTES.includes(attribute)) {
      changed = rewriteSrcset(value, (url) => replacement(url, from, publicPath, replace));
    } else if (attribute === "style") {
      changed = lenient(`a{${value}}`, from, publicPath, replace).slice(2, -1);
    }
    if (changed !== undefined && changed !== value) change(attribute, changed);
  }
  const digest = named === undefined ? undefined : integrity(named);
  if (digest !== undefined && element.attrs.some(({ name }) => name === "integrity")) {
    change("integrity", digest);
  }
  const [sheet] = element.childNodes;
  const place = sheet?.sourceCodeLocation;
  if (element.tagName === "style" && place !== null && place !== undefined) {
    const css = text.slice(place.startOffset, place.endOffset);
    const changed = lenient(css, from, publicPath, replace);
    if (changed !== css) edits.push({ start: place.startOffset, end: place.endOffset, text: changed });
  }
  return edits;
}

/** Style in a page may be a template's, which is no style sheet yet; it is left as it is. */
function lenient(css: string, from: string, publicPath: string, replace: Replace): string {
  try {
    return rewriteCss(css, from, publicPath, replace);
  } catch {
    return css;
  }
}

/** `a.png 1x, b.png 2x`. A URL ends at a space; commas at its end are no part of it, those inside are. */
function rewriteSrcset(value: string, replace: (url: string) => string | undefined): string {
  return value.replace(
    /([\s,]*)(\S*[^\s,])(,+(?=\s|$)|[^,]*)/g,
    (_whole, lead: string, url: string, rest: string) => lead + (replace(url) ?? url) + rest,
  );
}

function escaped(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
}
