/** A service of a stack file. */
import { serviceScalingSettings } from "../../../budget/autoscaling/settings";
import { PEAK_MARGIN } from "../../../budget/service/plan";
import { group } from "../../../budget/core/settings";
import { ownObjectiveSettings } from "../../../budget/service/own-objectives";
import { serviceSettings } from "../../../budget/service/settings";
import { publicServiceSettings, rateLimitSettings } from "../../../budget/load-balancing/settings";
import { PROBE_PATHS } from "../../../budget/load-balancing/private-paths";
import { databaseUseSettings } from "../../../budget/database/settings";

const { health, ...settings } = serviceSettings;

const { requestsPerSecond, burst, connections } = rateLimitSettings.shape;

/** Hosts and paths of a service that is reached beside that of `loadBalancer.service`. */
const exposed = group(
  {
    hosts: publicServiceSettings.hosts.default([]),
    paths: publicServiceSettings.paths.default([]),
    routes: publicServiceSettings.routes.default([]),
    maxBodyMiB: publicServiceSettings.maxBodyMiB.optional(),
    rateLimit: group(
      { requestsPerSecond, burst, connections },
      { fix: "Leave it out, and its requests count together with those of loadBalancer.service." },
    ).optional(),
  },
  { allowed: "a map of hosts and paths", fix: "Say at which hosts and paths the service is reached." },
);

export const service = group(
  {
    ...serviceSettings,
    port: settings.port.default(3000),
    margin: settings.margin.default(PEAK_MARGIN),
    balancing: settings.balancing.optional(),
    resilience: settings.resilience.default({}),
    maxRequestSeconds: settings.maxRequestSeconds.default(10),
    health: group(
      {
        live: health.shape.live.default(PROBE_PATHS.live),
        ready: health.shape.ready.default(PROBE_PATHS.ready),
      },
      { fix: "Give the paths of the probes.", decides: "probes" },
    ).default(PROBE_PATHS),
    environment: settings.environment.default({}),
    annotations: settings.annotations.default({}),
    secretEnvironment: settings.secretEnvironment.default({}),
    caches: settings.caches.default({}),
    database: databaseUseSettings.optional(),
    calls: settings.calls.default({}),
    public: exposed.optional(),
    callerNamespaces: settings.callerNamespaces.default([]),
    egress: settings.egress.default([{ port: 443 }]),
    signsUrls: settings.signsUrls.default(false),
    processesPerPod: settings.processesPerPod.default(1),
    budget: settings.budget.default({}),
    autoscaling: serviceScalingSettings.optional(),
    slos: ownObjectiveSettings.default([]),
  },
  { allowed: "a map", fix: "Describe the service; see docs/stack-file.md." },
);
