import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import type { RuleGroup } from "../../budget/monitoring/rule-groups";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";

/** Arguments of `PrometheusRules`. */
export interface PrometheusRulesArgs {
  /** Name of the object. @default the component's name */
  readonly name?: string;
  readonly namespace: pulumi.Input<string>;
  /** Labels by which the Prometheus operator finds it, besides those of the platform. */
  readonly labels?: Readonly<Record<string, string>>;
  /** At least one, each with a name of its own. */
  readonly groups: readonly RuleGroup[];
  readonly transform?: { readonly rules?: Transform<k8s.apiextensions.CustomResourceArgs> };
}

/** What is wrong with the arguments. */
export function prometheusRulesIssues({ groups }: PrometheusRulesArgs): Issue[] {
  const names = groups.map(({ name }) => name);
  if (groups.length > 0 && new Set(names).size === names.length) return [];
  return [
    issue(pathOf("groups"), names, {
      allowed: "at least one group, each with a name of its own",
      fix: "Rename one of the two.",
    }),
  ];
}

/**
 * Recording rules and alerts, for the Prometheus operator.
 *
 * Trap: the operator loads an object only where its `ruleSelector` finds the labels.
 */
export class PrometheusRules extends pulumi.ComponentResource {
  readonly rules: k8s.apiextensions.CustomResource;

  constructor(name: string, args: PrometheusRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("PrometheusRules", name, prometheusRulesIssues(args));
    const { namespace, labels = {}, groups, transform = {} } = args;
    super(COMPONENT_TYPES.prometheusRules, name, {}, opts);
    this.rules = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.rules,
        name,
        {
          apiVersion: "monitoring.coreos.com/v1",
          kind: "PrometheusRule",
          metadata: {
            name: args.name ?? name,
            namespace,
            labels: {
              "app.kubernetes.io/part-of": "retrofitlink",
              "app.kubernetes.io/managed-by": "pulumi",
              ...labels,
            },
          },
          spec: { groups },
        },
        { parent: this, ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }) },
      ),
    );
    this.registerOutputs({});
  }
}
