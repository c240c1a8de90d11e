export { HaProxy } from "./load-balancing/proxy/haproxy/haproxy";
export { Nginx } from "./load-balancing/proxy/nginx/nginx";
export type { ProxyArgs } from "./load-balancing/proxy/proxy-args";
export { AwsAlb } from "./load-balancing/public/aws/aws-alb";
export type { AwsAlbArgs } from "./load-balancing/public/aws/aws-alb-args";
export { AwsLoadBalancerController } from "./load-balancing/public/aws/aws-load-balancer-controller";
export { GcpLoadBalancer } from "./load-balancing/public/gcp/gcp-load-balancer";
export type { GcpLoadBalancerArgs } from "./load-balancing/public/gcp/gcp-load-balancer-args";
export { OriginLockSecret } from "./shared/http/origin-lock";
