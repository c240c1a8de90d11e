/** Monitoring: an operator that is there already, or one of the stack's own. */
import { z } from "zod";

import { DEFAULT_RETENTION_DAYS, monitoringSettings } from "../../../budget/monitoring/settings";
import { about } from "../../../budget/core/settings";

const { runbooks, labels, blackbox, grafana, domain, retentionDays, volumeGiB, series } = monitoringSettings;

const common = { runbooks, blackbox: blackbox.optional() };

export const monitoring = about(
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("existing"),
      ...common,
      labels: labels.default({}),
      grafana: grafana.optional(),
    }),
    z.strictObject({
      kind: z.literal("install"),
      ...common,
      domain,
      retentionDays: retentionDays.default(DEFAULT_RETENTION_DAYS),
      volumeGiB: volumeGiB.default(50),
      series: series.default(100_000),
    }),
  ]),
  {
    allowed: '"existing" or "install"',
    fix: "Say install where the cluster has no operator of Prometheus; leave monitoring out where nobody is to watch.",
    decides: "rules, alerts, dashboards, monitors",
  },
);
