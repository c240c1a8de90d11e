/** What a file is to a browser, and for how long. */
import { posix } from "node:path";

import { contentType as contentTypeOf } from "mime-types";

/** The name changes with the content: never asked for again. */
export const IMMUTABLE = "public, max-age=31536000, immutable";

/** Kept, and asked about each time: what has a name of its own may change under it. */
export const REVALIDATED = "no-cache";

export function contentType(path: string): string {
  return contentTypeOf(posix.extname(path)) || "application/octet-stream";
}

const COMPRESSIBLE =
  /^(text\/|font\/(ttf|otf|sfnt)|image\/(svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)|application\/(json|javascript|xml|wasm|vnd\.ms-fontobject|manifest\+json|ld\+json|.*\+(json|xml)))/;

/** Not compressed by its own format already. */
export function isCompressible(type: string): boolean {
  return COMPRESSIBLE.test(type);
}

export function isPage(path: string): boolean {
  return /\.x?html?$/i.test(path);
}

/** Names that somebody asks for without having been told: browsers, crawlers, and the page itself for its worker. */
const FIXED_NAMES =
  /(^|\/)(robots\.txt|sitemap[^/]*\.xml|favicon\.ico|apple-touch-icon[^/]*\.png|browserconfig\.xml|manifest\.json|[^/]*\.webmanifest|(service-worker|sw)\.m?js)$|^\.well-known\//i;

/** Never gets a fingerprint. */
export function hasFixedName(path: string): boolean {
  return isPage(path) || FIXED_NAMES.test(path);
}
