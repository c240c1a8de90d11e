import { ENGINE_TIMEOUT_MS } from "../helpers/engine";
import { assertLocked, behind, previewLoadBalancer } from "../helpers/public-load-balancer";
import { onGcp } from "../helpers/stack-file";

describe("load balancer of each cloud behind each CDN on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  for (const [cloud, places] of [
    ["aws", []],
    ["gcp", [onGcp]],
  ] as const) {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      it(`previews ${cloud} behind ${provider}, with the origin lock kept out of what it reports`, async () => {
        assertLocked(await previewLoadBalancer(...places, behind(provider)), provider);
      });
    }
  }
});
