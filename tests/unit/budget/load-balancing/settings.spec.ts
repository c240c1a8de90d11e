import assert from "node:assert/strict";

import type { z } from "zod";

import { issuesOf } from "../../../../budget/core/issues";
import { cloudFrontSettings, imageSettings, trafficSettings } from "../../../../budget/edge/settings";
import {
  firewallSettings,
  isHostName,
  proxySettings,
  publicSettings,
} from "../../../../budget/load-balancing/settings";

const said = (schema: z.ZodType, value: unknown): string[] =>
  issuesOf(schema, value).map(
    ({ path, got, allowed }) => `${path.join(".")}: got ${got}; allowed is ${allowed}`,
  );

describe("settings of proxy, public load balancer and CDN", () => {
  /** Another unit, a digit too many: a number of the right kind that nobody means. */
  const slips: readonly [string, z.ZodType, unknown, string][] = [
    ["500m written as 500", proxySettings.cpuCores, 500, "a number from 0.01 to 256 (cores)"],
    ["bytes in place of MiB", proxySettings.maxBodyMiB, 10_485_760, "a whole number from 1 to 1,024 (MiB)"],
    [
      "a thousand million clients",
      proxySettings.clientConnections,
      1e9,
      "a whole number from 1 to 10,000,000 (connections)",
    ],
    [
      "seconds in place of days",
      publicSettings.accessLogDays,
      2_592_000,
      "a whole number from 1 to 3,653 (days)",
    ],
    [
      "seconds of CloudFront's logs",
      cloudFrontSettings.logDays,
      7_776_000,
      "a whole number from 1 to 3,650 (days)",
    ],
    [
      "a limit that no firewall takes",
      firewallSettings.requestsPerFiveMinutes,
      1e12,
      "a whole number from 10 to 2,000,000,000 (requests in five minutes)",
    ],
    [
      "requests a day",
      trafficSettings.peakRps,
      1e12,
      "a number above 0 and at most 100,000,000 (requests/s)",
    ],
    ["milliseconds", imageSettings.secondsPerImage, 1500, "a number above 0 and at most 15 (seconds)"],
    ["percent in place of a share", trafficSettings.shares, { html: 20 }, "a share from 0 to 1"],
  ];
  for (const [what, schema, value, allowed] of slips) {
    it(`refuse ${what}`, () => {
      const [issue, ...more] = issuesOf(schema, value);
      assert.deepEqual([issue?.allowed, more], [allowed, []]);
    });
  }

  it("take a host name with a wildcard from clients only, and a range that is not everybody", () => {
    assert.deepEqual(said(proxySettings.hosts, ["*.example.org", "app.example.org"]), []);
    assert.ok(!isHostName("*.example.org"));
    assert.deepEqual(said(publicSettings.hosts, ["*.example.org"]), [
      '0: got "*.example.org"; allowed is a host name in lower case, like app.example.org',
    ]);
    assert.deepEqual(said(proxySettings.trustedProxies, ["10.0.0.0/8", "0.0.0.0/0", "::/0", "999.1.1.1/8"]), [
      '1: got "0.0.0.0/0"; allowed is a range that is not everybody',
      '2: got "::/0"; allowed is a range that is not everybody',
      '3: got "999.1.1.1/8"; allowed is a range in CIDR notation, like 10.0.0.0/8',
    ]);
  });
});
