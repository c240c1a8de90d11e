/** Turns a folder into the objects that are published: fingerprints, references, compressed variants, headers. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import { FINGERPRINT } from "../../budget/edge/assets";
import { UserError } from "../../cli/user-error";
import type { SourceFile } from "./folder";
import type { AssetObject } from "./stores/store";
import { contentType, hasFixedName, IMMUTABLE, isCompressible, isPage, REVALIDATED } from "./kinds";
import { rewriteCss, rewriteHtml, type Replace } from "./references";

/** What became of one file. */
export interface BuiltFile {
  readonly path: string;
  readonly contentType: string;
  readonly bytes: number;
  /** Of the compressed variants, where both are smaller. */
  readonly brotliBytes?: number;
  readonly gzipBytes?: number;
}

export interface BuiltAssets {
  readonly objects: readonly AssetObject[];
  /** `{"css/site.css": "/assets/css/site.1f2e3d4c5b6a7988z.css"}`, for templates. */
  readonly manifest: Readonly<Record<string, string>>;
  readonly files: readonly BuiltFile[];
  /** References below the public path to a file that is not there. */
  readonly broken: readonly { readonly file: string; readonly reference: string }[];
}

export interface BuildOptions {
  /** Where the folder is published, with a slash at both ends: `/assets/`. */
  readonly publicPath: string;
  /** Folders whose files have the fingerprint of a bundler in their names. They keep them. @default none */
  readonly hashed?: readonly string[];
}

/** Where the manifest is. */
export const MANIFEST_KEY = "assets-manifest.json";

/** Below this, headers cost more than what is saved. */
const LEAST_BYTES = 512;

/**
 * Builds every object. Every file is there under its own name, because a script may name it in a way that nobody can
 * see; those without a fixed name are there under a fingerprinted one too, and style sheets and pages refer to that.
 *
 * @throws UserError when style sheets import each other in a circle, or one cannot be read
 */
export async function buildAssets(files: readonly SourceFile[], options: BuildOptions): Promise<BuiltAssets> {
  const { publicPath, hashed = [] } = options;
  const isHashed = (path: string): boolean => hashed.some((folder) => path.startsWith(`${folder}/`));
  const byPath = new Map(files.map((file) => [file.path, file]));
  const broken: { file: string; reference: string }[] = [];
  const [contents, compressed] = [new Map<string, Buffer>(), new Map<string, Compressed | undefined>()];

  const publicName = (path: string): string => {
    if (hasFixedName(path) || isHashed(path)) return path;
    const content = contents.get(path) ?? Buffer.alloc(0);
    const extension = posix.extname(path);
    const digest = createHash("sha256").update(content).digest("hex").slice(0, FINGERPRINT.digits);
    const mark = compressed.get(path) === undefined ? "" : FINGERPRINT.compressedMark;
    return `${path.slice(0, path.length - extension.length)}.${digest}${mark}${extension}`;
  };
  const urlOf = (path: string): string => encodeURI(publicPath + publicName(path));
  const replaceIn =
    (file: string): Replace =>
    ({ written, target }) => {
      if (byPath.has(target)) return hasFixedName(target) || isHashed(target) ? undefined : urlOf(target);
      // A name without an extension may be a page of the service; one with an extension ought to be here.
      if (posix.extname(target) !== "") broken.push({ file, reference: written });
      return undefined;
    };

  // References are synchronous text work, compression is not: the order is found first, then gone through.
  const order = referencedFirst(files, publicPath);
  for (const { path, content } of order) {
    const finished = /\.css$/i.test(path)
      ? rewriteSheet(path, content, publicPath, replaceIn(path))
      : content;
    contents.set(path, finished);
    const compress = !hasFixedName(path) && !isHashed(path) && isCompressible(contentType(path));
    compressed.set(path, compress ? await variantsOf(finished) : undefined);
  }
  for (const { path, content } of files.filter((file) => isPage(file.path))) {
    const text = rewriteHtml(content.toString("utf8"), path, publicPath, replaceIn(path), (target) => {
      const referred = contents.get(target);
      return referred === undefined
        ? undefined
        : `sha384-${createHash("sha384").update(referred).digest("base64")}`;
    });
    contents.set(path, Buffer.from(text));
  }

  const objects: AssetObject[] = [];
  const manifest: Record<string, string> = {};
  const built: BuiltFile[] = [];
  const withOwnName: AssetObject[] = [];
  for (const { path } of order) {
    const type = contentType(path);
    const content = contents.get(path) ?? Buffer.alloc(0);
    const variants = compressed.get(path);
    const name = publicName(path);
    manifest[path] = publicPath + name;
    built.push({
      path,
      contentType: type,
      bytes: content.length,
      ...(variants === undefined ? {} : { brotliBytes: variants.br.length, gzipBytes: variants.gzip.length }),
    });
    if (name !== path) {
      const headers = { contentType: type, cacheControl: IMMUTABLE };
      objects.push({ key: name, content, ...headers });
      if (variants !== undefined) {
        objects.push({ key: `${name}.br`, content: variants.br, ...headers, contentEncoding: "br" });
        objects.push({ key: `${name}.gz`, content: variants.gzip, ...headers, contentEncoding: "gzip" });
      }
    }
    const cacheControl = isHashed(path) ? IMMUTABLE : REVALIDATED;
    withOwnName.push({ key: path, content, contentType: type, cacheControl });
  }
  objects.push(...withOwnName);
  objects.push({
    key: MANIFEST_KEY,
    content: Buffer.from(`${JSON.stringify(sorted(manifest), undefined, 2)}\n`),
    contentType: "application/json; charset=utf-8",
    cacheControl: REVALIDATED,
  });
  refuseTwice(objects);
  return { objects, manifest: sorted(manifest), files: built, broken };
}

function refuseTwice(objects: readonly AssetObject[]): void {
  const seen = new Set<string>();
  for (const { key } of objects) {
    if (seen.has(key)) throw new UserError(`${key} would be there twice`, "rename the file of this name");
    seen.add(key);
  }
}

interface Compressed {
  readonly br: Buffer;
  readonly gzip: Buffer;
}

const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)];

/** Both variants at their strongest, for they are made once and sent often; undefined unless both are smaller. */
async function variantsOf(content: Buffer): Promise<Compressed | undefined> {
  if (content.length < LEAST_BYTES) return undefined;
  const [br, gz] = await Promise.all([
    brotli(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
    zip(content, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  return br.length < content.length && gz.length < content.length ? { br, gzip: gz } : undefined;
}

function rewriteSheet(path: string, content: Buffer, publicPath: string, replace: Replace): Buffer {
  try {
    return Buffer.from(rewriteCss(content.toString("utf8"), path, publicPath, replace));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${path} is no style sheet: ${(error as Error).message}`,
      "correct it, or leave it out",
    );
  }
}

/** Style sheets after what they refer to, everything else before them, in a stable order. */
function referencedFirst(files: readonly SourceFile[], publicPath: string): SourceFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const order = new Map<string, SourceFile>();
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    if (order.has(file.path)) return;
    if (trail.includes(file.path)) {
      const circle = [...trail.slice(trail.indexOf(file.path)), file.path].join(" -> ");
      throw new UserError(
        `style sheets refer to each other in a circle: ${circle}`,
        "take one of the references out",
      );
    }
    if (/\.css$/i.test(file.path)) {
      rewriteSheet(file.path, file.content, publicPath, ({ target }) => {
        const referred = byPath.get(target);
        if (referred !== undefined) visit(referred, [...trail, file.path]);
        return undefined;
      });
    }
    order.set(file.path, file);
  };
  for (const file of files) visit(file, []);
  return [...order.values()];
}

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
