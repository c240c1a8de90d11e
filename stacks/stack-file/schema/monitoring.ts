/** Monitoring: an operator that is there already, or one of the stack's own. */
import { z } from "zod";

import {
  DEFAULT_RETENTION_DAYS,
  DEFAULT_SERIES,
  monitoringSettings,
} from "../../../budget/monitoring/settings";
import { remoteWriteSettings, signInSettings } from "../../../budget/monitoring/install-settings";
import { ownRuleSettings } from "../../../budget/monitoring/own-rules";
import { passwordGeneration } from "../../../budget/core/leaves";
import { about, ruled } from "../../../budget/core/settings";

import { routingSettings } from "../../../budget/monitoring/routing";

const {
  createNamespace,
  runbooks,
  labels,
  blackbox,
  grafana,
  domain,
  issuer,
  retentionDays,
  volumeGiB,
  series,
} = monitoringSettings;

const common = { runbooks, blackbox: blackbox.optional(), rules: ownRuleSettings.default([]) };

const kinds = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("existing"),
    ...common,
    labels: labels.default({}),
    grafana: grafana.optional(),
  }),
  z.strictObject({
    kind: z.literal("install"),
    ...common,
    domain: domain.optional(),
    issuer: issuer.optional(),
    signIn: signInSettings.optional(),
    retentionDays: retentionDays.default(DEFAULT_RETENTION_DAYS),
    volumeGiB: volumeGiB.optional(),
    series: series.default(DEFAULT_SERIES),
    remoteWrite: remoteWriteSettings.optional(),
    createNamespace: createNamespace.default(true),
    passwordGeneration: passwordGeneration.default(1),
    routing: routingSettings,
  }),
]);

const issuerIsGiven = (given: z.output<typeof kinds>): boolean =>
  given.kind === "existing" || (given.domain === undefined) === (given.issuer === undefined);

/** The provider sends people back to Grafana's own address. */
const hasWayBack = (given: z.output<typeof kinds>): boolean =>
  given.kind === "existing" || given.signIn === undefined || given.domain !== undefined;

export const monitoring = about(
  ruled(
    ruled(
      kinds,
      issuerIsGiven,
      {
        allowed: "domain and issuer together",
        fix: "Name the issuer of Grafana's certificate, or leave the domain out: then it is reached by kubectl port-forward.",
      },
      ["issuer"],
    ),
    hasWayBack,
    {
      allowed: "a domain where people sign in by a provider",
      fix: "Give the domain below which Grafana is reached; the provider is told https://grafana.<domain>/login/generic_oauth.",
    },
    ["domain"],
  ),
  {
    allowed: '"existing" or "install"',
    fix: "Say install where the cluster has no operator of Prometheus; leave monitoring out where nobody is to watch.",
    decides: "rules, alerts, dashboards, monitors",
  },
);
