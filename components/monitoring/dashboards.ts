import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issueList, words, type Issue } from "../../budget/core/issues";
import { DASHBOARDS, type DashboardName, type Panel } from "../../budget/monitoring/panel";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import { dashboardIssues } from "./dashboards/issues";
import { DASHBOARD_LABEL } from "./grafana";
import type * as Rendering from "./dashboards/render";

/** Arguments of `Dashboards`. */
export interface DashboardsArgs {
  /** Panels of all nouns. A dashboard without panels is not made. */
  readonly panels: readonly Panel[];
  /** Name of the stack, as dashboards show it. */
  readonly stack: string;
  /** Namespace of the ConfigMaps: any one that Grafana's sidecar searches. */
  readonly namespace: string;
  /** Namespaces whose deploys and scaling are marked. @default `namespace` */
  readonly watchedNamespaces?: readonly string[] | undefined;
  /** Address of the folder of runbooks. @default no link */
  readonly runbooks?: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  readonly transform?: { readonly dashboard?: Transform<k8s.core.v1.ConfigMapArgs> };
}

/** Of a dashboard's text, bytes: 1 MiB is what the API server takes as a ConfigMap, less room for names and labels. */
const MOST_BYTES = 1_048_576 - 16_384;

/**
 * Dashboards of Grafana, provisioned: a ConfigMap for each, from which the sidecar of Grafana makes a file.
 *
 * @throws pulumi.RunError when panels have issues, or a dashboard does not fit into a ConfigMap
 */
export class Dashboards extends pulumi.ComponentResource {
  readonly configMaps: Readonly<Partial<Record<DashboardName, k8s.core.v1.ConfigMap>>>;

  constructor(name: string, args: DashboardsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { namespace, labels = {}, transform = {} } = args;
    assertValid("Dashboards", name, dashboardIssues(args.panels), "monitoring");
    const texts = dashboardTexts(args);
    assertValid("Dashboards", name, sizeIssues(texts), "monitoring");
    super(COMPONENT_TYPES.dashboards, name, {}, opts);
    this.configMaps = Object.fromEntries(
      Object.entries(texts).map(([uid, text]) => [
        uid,
        new k8s.core.v1.ConfigMap(
          ...transformed<k8s.core.v1.ConfigMapArgs>(
            transform.dashboard,
            `${name}-${uid}`,
            {
              metadata: {
                name: `dashboard-${uid}`,
                namespace,
                labels: { ...labels, [DASHBOARD_LABEL.key]: DASHBOARD_LABEL.value },
              },
              // The sidecar writes all ConfigMaps into one folder: a plain name may be another one's.
              data: { [`retrofitlink-${uid}.json`]: text },
            },
            { parent: this },
          ),
        ),
      ]),
    );
    this.registerOutputs({});
  }
}

function dashboardTexts(args: DashboardsArgs): Readonly<Partial<Record<DashboardName, string>>> {
  const { panels, stack, namespace, watchedNamespaces: namespaces = [namespace], runbooks } = args;
  // The SDK's 350 files take a tenth of a second, for which a program without dashboards need not wait.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { dashboards } = require("./dashboards/render") as typeof Rendering;
  const rendered = dashboards(panels, { stack, namespaces, runbooks });
  return Object.fromEntries(Object.entries(rendered).map(([uid, json]) => [uid, JSON.stringify(json)]));
}

function sizeIssues(texts: Readonly<Partial<Record<DashboardName, string>>>): Issue[] {
  const { issues, check } = issueList();
  for (const uid of Object.keys(DASHBOARDS) as DashboardName[]) {
    const bytes = Buffer.byteLength(texts[uid] ?? "");
    const kibibytes = Math.ceil(bytes / 1024);
    check(
      bytes <= MOST_BYTES,
      ["dashboards", uid],
      words(`${kibibytes} KiB`),
      `at most ${MOST_BYTES / 1024} KiB, what a ConfigMap holds`,
      "Watch fewer services in one stack.",
    );
  }
  return issues;
}
