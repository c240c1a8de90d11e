/** A service, and how it uses caches and the database. */
import { z } from "zod";

import { PROBE_PATHS } from "../../../budget/load-balancing/private-paths";
import {
  atLeast,
  dnsLabel,
  isRange,
  number,
  path,
  positive,
  ratio,
  says,
  text,
  whole,
  workloadName,
} from "./leaves";
import { budget } from "./budget";
import { databaseUse } from "./database";

const demand = z.strictObject(
  {
    baseRps: number("a number above 0 (requests/s)", "Give the quiet-hour rate.", positive),
    peakRps: number(
      "a number above 0 (requests/s)",
      "Give the highest rate the platform must serve.",
      positive,
    ),
    growthPerMinute: number(
      "a number of at least 0 (share of the rate, per minute)",
      "0.2 means 20 % more within a minute.",
      atLeast(0),
    ),
  },
  says("a map of baseRps, peakRps and growthPerMinute", "Say what the service has to serve."),
);

const profile = z.strictObject(
  {
    serviceTimeSeconds: number(
      "a number above 0 (seconds)",
      "Give the mean time of one request in an idle pod.",
      positive,
    ),
    concurrencyPerPod: number(
      "a whole number from 1 to 10000",
      "Give the requests a pod works on at the same time.",
      whole(1, 10_000),
    ),
    maxUtilization: ratio,
    warmUpSeconds: number(
      "a number from 0 to 600 (seconds)",
      "Give the time from start to full speed.",
      (value) => value >= 0 && value <= 600,
    ),
  },
  says(
    "a map of serviceTimeSeconds, concurrencyPerPod, maxUtilization and warmUpSeconds",
    "Give what a load test of one pod measured.",
  ),
);

const cacheUse = z.strictObject(
  {
    callsPerRequest: number(
      "a number above 0",
      "Give the calls that one request makes on average.",
      positive,
    ),
    callSeconds: number("a number above 0 (seconds)", "Give the mean round trip of one call.", positive),
  },
  says("a map of callsPerRequest and callSeconds", "Say how the service uses the cache."),
);

const variable = z.string().regex(/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/);

const secretEntry = z.strictObject(
  {
    name: text(
      "the name of a Secret of the namespace",
      "See `kubectl get secrets`.",
      /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
    ),
    key: text("the key of an entry of the Secret", "See `kubectl describe secret`.", /^[-._A-Za-z0-9]+$/),
  },
  says("a map of name and key", "Name a Secret of the namespace and one of its entries."),
);

const outside = z.strictObject(
  {
    port: number(
      "a whole number from 1 to 65535",
      "Give the port that the service connects to.",
      whole(1, 65535),
    ),
    cidr: text(
      "a range of addresses in CIDR notation, like 203.0.113.0/24",
      "Leave it out for every address outside the cluster.",
    )
      .refine(
        isRange,
        says(
          "a range of addresses in CIDR notation, like 203.0.113.0/24",
          "Leave it out for every address outside the cluster.",
        ),
      )
      .optional(),
  },
  says("a map of port and cidr", "Name a port, and the range it is at."),
);

export const service = z.strictObject(
  {
    image: text("an image with a tag or a digest", "Name the version of the image.", /^\S+$/),
    port: number(
      "a whole number from 1024 to 65535",
      "Let the application listen above 1023.",
      whole(1024, 65535),
    ).default(3000),
    demand,
    profile,
    resources: z.strictObject(
      {
        cpuCores: number("a number above 0 (cores)", "Give what a pod needs at maxUtilization.", positive),
        memoryMiB: number(
          "a whole number of at least 128 (MiB)",
          "Give what a load test measured, with a fifth to spare.",
          whole(128, 1_048_576),
        ),
        scratchMiB: number(
          "a whole number from 1 to 65536 (MiB)",
          "Give what a pod writes to /tmp at most.",
          whole(1, 65_536),
        ).default(256),
      },
      says("a map of cpuCores, memoryMiB and scratchMiB", "Give what a pod needs."),
    ),
    maxRequestSeconds: number(
      "a number above 0 (seconds)",
      "Give the longest request the application may take; give longer work to a queue.",
      positive,
    ).default(10),
    health: z
      .strictObject(
        { live: path.default(PROBE_PATHS.live), ready: path.default(PROBE_PATHS.ready) },
        says("a map of live and ready", "Give the paths of the probes."),
      )
      .default(PROBE_PATHS),
    environment: z
      .record(
        variable,
        z.string(says("text", "Put the value in quotation marks.")),
        says("a map of text", "Give names and values of variables."),
      )
      .default({}),
    secretEnvironment: z
      .record(variable, secretEntry, says("a map of name and key", "Name the Secret of each variable."))
      .default({}),
    caches: z
      .record(workloadName, cacheUse, says("a map of caches", "Name the caches that the service uses."))
      .default({}),
    database: databaseUse.optional(),
    calls: z
      .record(
        workloadName,
        z.strictObject(
          {
            callsPerRequest: number(
              "a number above 0 and at most 1000",
              "Give the calls that one request makes on average; 0.1 means every tenth request makes one.",
              (value) => value > 0 && value <= 1000,
            ),
          },
          says("a map of callsPerRequest", "Say how often a request calls it."),
        ),
        says("a map of services", "Name the services of this stack that it calls, and how often."),
      )
      .default({}),
    callerNamespaces: z
      .array(dnsLabel, says("a list of namespaces", "Name the namespaces whose pods may call it."))
      .default([]),
    egress: z
      .array(
        outside,
        says("a list of maps of port and cidr", "Name what it connects to outside the cluster."),
      )
      .default([{ port: 443 }]),
    signsUrls: z
      .boolean(says("true or false", "True for a service that signs URLs for the CDN."))
      .default(false),
    processesPerPod: number(
      "a whole number from 1 to 64",
      "Count the processes that open connections.",
      whole(1, 64),
    ).default(1),
    budget: budget.default({}),
  },
  says("a map", "Describe the service; see docs/stack-file.md."),
);
