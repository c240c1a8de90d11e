/** The CDN in front of the load balancer. */
import { z } from "zod";

import { says } from "./leaves";

export const cdn = z.strictObject(
  {
    provider: z.enum(["cloudfront", "cloudflare"], says('"cloudfront" or "cloudflare"', "Choose the CDN.")),
  },
  says("a map of provider", "Choose the CDN."),
);
