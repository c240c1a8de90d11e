/** The nouns of a stack in the order in which a reader looks for them: what a page shows, and a new one adds itself here. */
import { COMPONENT_TYPES } from "./component-types";

/** Kinds of components that have a plan and do the same for the stack. */
export interface Noun {
  /** Heading of its part of a page. */
  readonly title: string;
  /** Type tokens of its components. */
  readonly types: readonly string[];
}

/** Services are not among them: their card shows what was expected and measured as well. */
export const NOUNS: readonly Noun[] = [
  {
    title: "CDN",
    types: [COMPONENT_TYPES.cloudFront, COMPONENT_TYPES.cloudflare, COMPONENT_TYPES.imageOptimizer],
  },
  {
    title: "Load balancer",
    types: [
      COMPONENT_TYPES.awsAlb,
      COMPONENT_TYPES.gcpLoadBalancer,
      COMPONENT_TYPES.nginx,
      COMPONENT_TYPES.haProxy,
    ],
  },
  { title: "Database", types: [COMPONENT_TYPES.mongoDbCluster, COMPONENT_TYPES.atlasCluster] },
  {
    title: "Caches",
    types: [COMPONENT_TYPES.redis, COMPONENT_TYPES.elastiCache, COMPONENT_TYPES.memorystore],
  },
];
