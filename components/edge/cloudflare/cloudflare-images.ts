/**
 * Images where Cloudflare is the CDN: it makes the variants itself. The same ladder as rules: what is on it is
 * rewritten to Cloudflare's own path, everything else is refused, so that both the cache and the bill are bounded.
 */
import type { input as cloudflare } from "@pulumi/cloudflare/types";

import type { EdgeBehavior } from "../../../budget/edge/behaviors";
import { hostCondition, setOf } from "./cloudflare-expressions";
import {
  IMAGE_LADDER,
  IMAGE_QUALITIES,
  type ImageLadder,
  type ImageQuality,
} from "../../../budget/edge/images";

/** Value of the zone's setting `image_resizing`: images of this zone only. `open` would serve other people's too. */
export const CLOUDFLARE_IMAGE_SETTING = { settingId: "image_resizing", value: "on" } as const;

/** What Cloudflare is asked for besides the size. It picks AVIF or WebP by `Accept`, else the original's format. */
const ALWAYS = ["format=auto", "fit=scale-down", "metadata=none", "anim=false"];

/** Cloudflare's own request for the original comes through the same rules, and must not be rewritten again. */
const NOT_INNER = 'not any(http.request.headers["via"][*] contains "image-resizing")';

/**
 * Path of one variant on a zone of Cloudflare: `/cdn-cgi/image/…,width=640,quality=74/images/house.jpg`. Cloudflare
 * has one quality for all formats; it is the ladder's of WebP.
 */
export function cloudflareImagePath(
  original: string,
  { width, quality }: { readonly width: number; readonly quality: ImageQuality },
  ladder: ImageLadder = IMAGE_LADDER,
): string {
  return `${optionsPath(quality, ladder)}${width}${original}`;
}

function optionsPath(quality: ImageQuality, ladder: ImageLadder): string {
  const options = [...ALWAYS, `height=${ladder.maxHeight}`, `quality=${ladder.quality.webp[quality]}`];
  return `/cdn-cgi/image/${options.join(",")},width=`;
}

/** Where the rewritten requests are. */
const VARIANTS_PATTERN = "/cdn-cgi/image/*";

/** Behaviours as the rules after the rewrite see them: a variant is an image, though its path says otherwise. */
export function withVariantPaths(behaviors: readonly EdgeBehavior[]): EdgeBehavior[] {
  return behaviors.map((behavior) =>
    behavior.class === "images" ? { ...behavior, paths: [...behavior.paths, VARIANTS_PATTERN] } : behavior,
  );
}

export interface CloudflareImageRules {
  /** For the phase `http_request_transform`. */
  readonly rewrites: readonly cloudflare.RulesetRule[];
  /** For the phase `http_request_firewall_custom`. */
  readonly refusals: readonly cloudflare.RulesetRule[];
}

/**
 * Rules for the images of one path. A request has one of the ladder's widths and one of its qualities, in this
 * order, or leaves either out. It is compared with the whole query, so that there is one spelling for one variant.
 *
 * Unlike CloudFront's function, rules cannot snap a width up or read a format: a width off the ladder is refused.
 *
 * @param hosts of the stack: a zone may have others, which may use Cloudflare's own path as they like
 * @param condition expression that selects the requests for images: `starts_with(http.request.uri.path, "/images/")`
 */
export function cloudflareImageRules(
  hosts: readonly string[],
  condition: string,
  ladder: ImageLadder = IMAGE_LADDER,
): CloudflareImageRules {
  const viewers = `(${condition}) and ${NOT_INNER}`;
  const widest = Math.max(...ladder.widths);
  const all: string[] = [];
  const rewrites = IMAGE_QUALITIES.flatMap((quality) => {
    const word = `quality=${quality}`;
    const suffixes = quality === ladder.defaultQuality ? ["", `&${word}`] : [`&${word}`];
    const sized = ladder.widths.flatMap((width) => suffixes.map((suffix) => `width=${width}${suffix}`));
    const unsized = suffixes.map((suffix) => suffix.slice(1));
    all.push(...sized, ...unsized);
    const path = optionsPath(quality, ladder);
    const rule = (ref: string, queries: string[], expression: string): cloudflare.RulesetRule => ({
      ref,
      description: `images, ${quality} quality: a variant of the ladder`,
      expression: `${viewers} and http.request.uri.query in ${setOf(queries)}`,
      action: "rewrite",
      actionParameters: { uri: { path: { expression }, query: { value: "" } } },
    });
    return [
      rule(
        `image_${quality}`,
        sized,
        `concat("${path}", http.request.uri.args["width"][0], http.request.uri.path)`,
      ),
      rule(`image_${quality}_widest`, unsized, `concat("${path}${widest}", http.request.uri.path)`),
    ];
  });
  const refusal: cloudflare.RulesetRule = {
    ref: "image_ladder",
    description: "images: what is not on the ladder",
    // Rewrites come before; what they made has another path. Cloudflare's own path, asked for directly, has no ladder.
    expression: `(${viewers} and not http.request.uri.query in ${setOf(all)}) or (${hostCondition(hosts)} and starts_with(raw.http.request.uri.path, "/cdn-cgi/image/") and ${NOT_INNER})`,
    action: "block",
    actionParameters: {
      response: {
        statusCode: 400,
        contentType: "text/plain",
        content: `An image has width (${ladder.widths.join(", ")}) and quality (${IMAGE_QUALITIES.join(", ")}), in this order, or none.\n`,
      },
    },
  };
  return { rewrites, refusals: [refusal] };
}
