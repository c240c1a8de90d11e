/** What holds for a zone as a whole, whatever the path. */
import type { CompleteCloudflareArgs } from "./cloudflare-args";
import { CLOUDFLARE_IMAGE_SETTING } from "./cloudflare-images";

export type ZoneSettings = Readonly<Record<string, string | number>>;

/** Settings by Cloudflare's own names. */
export function zoneSettings({ account, plan, behaviors, images }: CompleteCloudflareArgs): ZoneSettings {
  return {
    // The load balancer's certificate is checked, not only asked for.
    ssl: "strict",
    min_tls_version: "1.2",
    tls_1_3: "on",
    always_use_https: "on",
    http3: "on",
    brotli: "on",
    early_hints: "on",
    ipv6: "on",
    // Early data can be sent twice by whoever listens in, and an API must not do a thing twice.
    "0rtt": "off",
    // 0 leaves the origin's word to browsers as it is; the default would be four hours.
    browser_cache_ttl: 0,
    ...(behaviors.some((behavior) => behavior.class === "webSocket") ? { websockets: "on" } : {}),
    ...(images === true ? { [CLOUDFLARE_IMAGE_SETTING.settingId]: CLOUDFLARE_IMAGE_SETTING.value } : {}),
    ...(account.authenticatedOriginPulls ? { tls_client_auth: "on" } : {}),
    ...(account.plan === "enterprise" ? { proxy_read_timeout: plan.numbers.responseTimeout.value } : {}),
  };
}

const FORMATS = ["image/avif", "image/webp", "image/jpeg"];

/** Answers to one path that differ in their format, and are kept apart when the origin says `Vary: Accept`. */
export const IMAGE_VARIANTS = {
  avifs: FORMATS,
  webps: FORMATS,
  jpgs: FORMATS,
  jpegs: FORMATS,
  pngs: [...FORMATS, "image/png"],
};
