import type { ReportViolation, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";

import { OBJECT_POLICIES, type ObjectPolicy } from "../budget/core/policies";
import { currentReview, type Review } from "./review";

const NAME: ObjectPolicy = "container-resources-bounded";

/** Kinds with a pod template at `spec.template`. */
const WORKLOADS = /^kubernetes:(apps\/v1:(Deployment|StatefulSet|DaemonSet)|batch\/v1:Job)$/;

interface Container {
  readonly name: string;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
}

interface Workload {
  readonly metadata?: { readonly name?: string };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[];
      };
    };
  };
}

/** What every container has to say, and what happens without it. */
const REQUIRED = [
  ["requests", "cpu", "the autoscaler has nothing to divide by and the scheduler packs pods blindly"],
  ["requests", "memory", "the node promises memory it does not have"],
  ["limits", "memory", "one leaking pod takes its neighbours along"],
] as const;

/** What a container leaves out, as phrases. */
function missing({ resources }: Container): string[] {
  return REQUIRED.filter(([kind, resource]) => resources?.[kind]?.[resource] === undefined).map(
    ([kind, resource, consequence]) => `resources.${kind}.${resource} (without it ${consequence})`,
  );
}

export function checkContainers(args: ResourceValidationArgs, report: ReportViolation, review: Review): void {
  if (!WORKLOADS.test(args.type)) return;
  review.prove(NAME, args.urn, () => {
    const { metadata, spec } = args.props as unknown as Workload;
    const owner = review.ownerOf(args.opts.parent, metadata?.name ?? args.name);
    const pod = spec.template.spec;
    for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
      const absent = missing(container);
      if (absent.length === 0) continue;
      const message = `container "${container.name}" of "${owner.workload}" has no ${absent.join(", no ")}`;
      const finding = {
        workload: owner.workload,
        message,
        change: `${owner.configKey}.resources`,
        urn: args.urn,
      };
      review.judge(NAME, finding, report);
    }
  });
}

/** A resource policy: it sees one Kubernetes object at a time. */
export const containerResourcesBounded: ResourceValidationPolicy = {
  name: NAME,
  description: OBJECT_POLICIES[NAME],
  enforcementLevel: "mandatory",
  validateResource: (args, report) => checkContainers(args, report, currentReview),
};
