/** Every image and chart version of the platform. Nothing else names one. */
export const IMAGES = {
  /** BSD-3 fork of Redis; ships `redis-server` and `redis-cli` as links, so the guide's commands work unchanged. */
  redis: "docker.io/valkey/valkey:9.1.1",
  redisExporter: "docker.io/oliver006/redis_exporter:v1.89.0",
  /** Runs as user 101 and listens above 1024. */
  nginx: "docker.io/nginxinc/nginx-unprivileged:1.30.0",
  nginxExporter: "docker.io/nginx/nginx-prometheus-exporter:1.5.1",
} as const;
