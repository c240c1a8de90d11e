/** Every image and chart version of the platform. Nothing else names one. */
export const IMAGES = {
  /** BSD-3 fork of Redis; ships `redis-server` and `redis-cli` as links, so the guide's commands work unchanged. */
  redis: "docker.io/valkey/valkey:9.1.1",
  redisExporter: "docker.io/oliver006/redis_exporter:v1.89.0",
  /** Runs as user 101 and listens above 1024. */
  nginx: "docker.io/nginxinc/nginx-unprivileged:1.30.0",
  /** Runs as user 99; a long-term line, with its own endpoint for Prometheus. */
  haproxy: "docker.io/library/haproxy:3.2.12",
  blackboxExporter: "docker.io/prom/blackbox-exporter:v0.28.0",
  nginxExporter: "docker.io/nginx/nginx-prometheus-exporter:1.5.1",
  /** mtail, which counts the lines of the proxies' access logs; the line of Debian's that the tests run. */
  accessExporter: "ghcr.io/jaqx0r/mtail:3.2.24",
  /** Ships `mongosh` beside `mongod` and `mongos`. */
  mongodb: "docker.io/percona/percona-server-mongodb:8.0.19-7",
  mongodbBackup: "docker.io/percona/percona-backup-mongodb:2.12.0",
  /** Does nothing and keeps room for pods that do. */
  pause: "registry.k8s.io/pause:3.10.1",
  mongodbExporter: "docker.io/percona/mongodb_exporter:0.47.1",
  /** Unpacks the definitions of Prometheus's operator for the hook that brings them up to date. */
  definitionFiles: "docker.io/library/busybox:1.37.0",
} as const;

/** Engines of managed caches. */
export const CACHE_ENGINES = {
  /** The same fork as in the cluster; the parameter group belongs to its major version. */
  elastiCache: { engine: "valkey", version: "8.0", family: "valkey8" },
  memorystore: "REDIS_7_2",
} as const;

/** Helm charts, only for operators. A repository that begins with `oci://` is a registry. */
export const CHARTS = {
  perconaOperator: {
    chart: "psmdb-operator",
    version: "1.22.0",
    repository: "https://percona.github.io/percona-helm-charts/",
  },
  awsLoadBalancerController: {
    chart: "aws-load-balancer-controller",
    version: "3.2.2",
    repository: "https://aws.github.io/eks-charts",
  },
  keda: { chart: "keda", version: "2.20.2", repository: "https://kedacore.github.io/charts" },
  verticalPodAutoscaler: {
    chart: "vertical-pod-autoscaler",
    version: "0.9.0",
    repository: "https://kubernetes.github.io/autoscaler",
  },
  metricsServer: {
    chart: "metrics-server",
    version: "3.13.0",
    repository: "https://kubernetes-sigs.github.io/metrics-server/",
  },
  clusterAutoscaler: {
    chart: "cluster-autoscaler",
    version: "9.59.0",
    repository: "https://kubernetes.github.io/autoscaler",
  },
  /** With Prometheus's operator 0.93, and Grafana. */
  kubePrometheusStack: {
    chart: "kube-prometheus-stack",
    version: "88.5.3",
    repository: "https://prometheus-community.github.io/helm-charts",
  },
  karpenter: { chart: "karpenter", version: "1.14.1", repository: "oci://public.ecr.aws/karpenter" },
  karpenterDefinitions: {
    chart: "karpenter-crd",
    version: "1.14.1",
    repository: "oci://public.ecr.aws/karpenter",
  },
} as const;

/** Version of the operator whose behaviour a PerconaServerMongoDB asks for. Its CRD is pinned with the sandbox's. */
export const PERCONA_CR_VERSION = "1.22.0";

/** Release series of MongoDB that Atlas keeps at its latest patch; the same as the one run in the cluster. */
export const ATLAS_MONGODB_VERSION = "8.0";
