import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import type { RuleGroup } from "../../budget/monitoring/rule-groups";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";

/** Arguments of `PrometheusRules`. */
export interface PrometheusRulesArgs {
  /** Name of the object, and of its successors where one is too small: `<name>-2`. @default the component's name */
  readonly name?: string;
  readonly namespace: pulumi.Input<string>;
  /** Labels by which the Prometheus operator finds it, besides those of the platform. */
  readonly labels?: Readonly<Record<string, string>>;
  /** At least one, each with a name of its own. */
  readonly groups: readonly RuleGroup[];
  readonly transform?: { readonly rules?: Transform<k8s.apiextensions.CustomResourceArgs> };
}

/**
 * Bytes of the rules of one object. The operator copies each object into a file of a ConfigMap, as YAML, and refuses one of more than
 * 512 KiB (`MaxConfigMapDataSize` of prometheus-operator); the indentation of YAML takes half as much again.
 */
const MOST_BYTES = 300 * 1024;

/** What is wrong with the arguments. */
export function prometheusRulesIssues({ groups }: PrometheusRulesArgs): Issue[] {
  const names = groups.map(({ name }) => name);
  const large = groups.filter((group) => sizeOf(group) > MOST_BYTES).map(({ name }) => name);
  return [
    ...(groups.length > 0 && new Set(names).size === names.length
      ? []
      : [
          issue(pathOf("groups"), names, {
            allowed: "at least one group, each with a name of its own",
            fix: "Rename one of the two.",
          }),
        ]),
    ...(large.length === 0
      ? []
      : [
          issue(pathOf("groups"), large, {
            allowed: `groups of at most ${MOST_BYTES / 1024} KiB of JSON: the operator refuses larger files`,
            fix: "Make several groups of it.",
          }),
        ]),
  ];
}

function sizeOf(group: RuleGroup): number {
  return Buffer.byteLength(JSON.stringify(group));
}

/** Groups of each object, in their order. */
function objectsOf(groups: readonly RuleGroup[]): RuleGroup[][] {
  const objects: RuleGroup[][] = [];
  let left = 0;
  for (const group of groups) {
    const size = sizeOf(group);
    if (objects.length === 0 || size > left) {
      objects.push([]);
      left = MOST_BYTES;
    }
    objects.at(-1)?.push(group);
    left -= size;
  }
  return objects;
}

/**
 * Recording rules and alerts for the Prometheus operator. Rules that are too large for one object are split into several.
 *
 * Trap: the operator loads an object only where its `ruleSelector` finds the labels.
 */
export class PrometheusRules extends pulumi.ComponentResource {
  /** Objects, by the order of their groups. At least one. */
  readonly objects: readonly k8s.apiextensions.CustomResource[];

  constructor(name: string, args: PrometheusRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("PrometheusRules", name, prometheusRulesIssues(args));
    const { namespace, labels = {}, groups, transform = {} } = args;
    super(COMPONENT_TYPES.prometheusRules, name, {}, opts);
    this.objects = objectsOf(groups).map((some, index) => {
      const suffix = index === 0 ? "" : `-${index + 1}`;
      return new k8s.apiextensions.CustomResource(
        ...transformed<k8s.apiextensions.CustomResourceArgs>(
          transform.rules,
          `${name}${suffix}`,
          {
            apiVersion: "monitoring.coreos.com/v1",
            kind: "PrometheusRule",
            metadata: {
              name: `${args.name ?? name}${suffix}`,
              namespace,
              labels: {
                "app.kubernetes.io/part-of": "retrofitlink",
                "app.kubernetes.io/managed-by": "pulumi",
                ...labels,
              },
            },
            spec: { groups: some },
          },
          { parent: this, ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }) },
        ),
      );
    });
    this.registerOutputs({});
  }
}
