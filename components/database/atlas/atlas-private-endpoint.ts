import * as ec2 from "@pulumi/aws/ec2";
import * as compute from "@pulumi/gcp/compute";
import { PrivateLinkEndpoint, type PrivateLinkEndpointArgs } from "@pulumi/mongodbatlas/privateLinkEndpoint";
import {
  PrivateLinkEndpointService,
  type PrivateLinkEndpointServiceArgs,
} from "@pulumi/mongodbatlas/privateLinkEndpointService";
import type { AdvancedClusterConnectionStrings } from "@pulumi/mongodbatlas/types/output";
import * as pulumi from "@pulumi/pulumi";

import { lateError } from "../../shared/issues";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { transformed, type Transform } from "../../shared/transform";

/** Where a cluster runs and from where it is reached. Regions in the cloud's own names. */
export type AtlasNetwork =
  | {
      readonly kind: "aws";
      readonly region: string;
      readonly vpcId: pulumi.Input<string>;
      /** One in each zone, so that the loss of a zone leaves a way. */
      readonly subnetIds: pulumi.Input<readonly pulumi.Input<string>[]>;
      /** Ranges of the pods that connect, IPv4, at least 8 bits each. */
      readonly clientCidrs: readonly pulumi.Input<string>[];
    }
  | {
      readonly kind: "gcp";
      readonly region: string;
      readonly project: pulumi.Input<string>;
      /** Names, not paths. */
      readonly network: pulumi.Input<string>;
      readonly subnetwork: pulumi.Input<string>;
    };

/** Children that a caller may change. */
export interface AtlasPrivateEndpointTransforms {
  /** Atlas's side. */
  readonly service?: Transform<PrivateLinkEndpointArgs>;
  readonly connection?: Transform<PrivateLinkEndpointServiceArgs>;
  /** On aws. */
  readonly securityGroup?: Transform<ec2.SecurityGroupArgs>;
  readonly vpcEndpoint?: Transform<ec2.VpcEndpointArgs>;
  /** On gcp. */
  readonly address?: Transform<compute.AddressArgs>;
  readonly forwardingRule?: Transform<compute.ForwardingRuleArgs>;
}

/** Arguments of `AtlasPrivateEndpoint`. */
export interface AtlasPrivateEndpointArgs {
  readonly projectId: pulumi.Input<string>;
  /** Name of the cluster in Atlas; the cloud's objects are called after it. */
  readonly clusterName: string;
  /** In Atlas's name: `EU_CENTRAL_1`. */
  readonly atlasRegion: string;
  readonly network: AtlasNetwork;
  readonly transform?: AtlasPrivateEndpointTransforms | undefined;
}

/** Atlas gives each node a port of this range, and another when the cluster changes. */
const PORTS = { from: 1024, to: 65_535 } as const;

/**
 * The only way to an Atlas cluster: an address in the cluster's own network, through PrivateLink (AWS) or Private Service
 * Connect (Google Cloud). Nothing is opened to the internet.
 *
 * Trap: an endpoint is the project's, not the cluster's. Two stacks in one project and region would make two.
 *
 * Cost: what the cloud takes for an endpoint, on AWS for each zone.
 */
export class AtlasPrivateEndpoint extends pulumi.ComponentResource {
  /** By which Atlas knows the endpoint: the id of the VPC endpoint, or the name of the forwarding rule. */
  readonly endpointId: pulumi.Output<string>;
  /** Connects both sides; a cluster that is made after it has private connection strings from the start. */
  readonly connection: PrivateLinkEndpointService;

  constructor(name: string, args: AtlasPrivateEndpointArgs, opts?: pulumi.ComponentResourceOptions) {
    const { network } = args;
    super(
      COMPONENT_TYPES.atlasPrivateEndpoint,
      name,
      { cloud: network.kind, region: args.atlasRegion },
      opts,
    );
    this.connection =
      network.kind === "aws" ? this.onAws(name, args, network) : this.onGcp(name, args, network);
    this.endpointId = this.connection.endpointServiceId;
    this.registerOutputs({ endpointId: this.endpointId });
  }

  private onAws(
    name: string,
    { projectId, clusterName, atlasRegion, transform = {} }: AtlasPrivateEndpointArgs,
    network: Extract<AtlasNetwork, { kind: "aws" }>,
  ): PrivateLinkEndpointService {
    const child = { parent: this };
    const tags = { Name: `${clusterName}-atlas` };
    const service = new PrivateLinkEndpoint(
      ...transformed<PrivateLinkEndpointArgs>(
        transform.service,
        `${name}-service`,
        { projectId, providerName: "AWS", region: atlasRegion },
        child,
      ),
    );
    const group = new ec2.SecurityGroup(
      ...transformed<ec2.SecurityGroupArgs>(
        transform.securityGroup,
        `${name}-security-group`,
        {
          description: "Pods of the cluster to MongoDB Atlas",
          vpcId: network.vpcId,
          ingress: [
            {
              description: "MongoDB over TLS",
              protocol: "tcp",
              fromPort: PORTS.from,
              toPort: PORTS.to,
              cidrBlocks: [...network.clientCidrs],
            },
          ],
          // Answers only: Atlas cannot open a connection to the network.
          egress: [],
          tags,
        },
        child,
      ),
    );
    const endpoint = new ec2.VpcEndpoint(
      ...transformed<ec2.VpcEndpointArgs>(
        transform.vpcEndpoint,
        `${name}-vpc-endpoint`,
        {
          vpcId: network.vpcId,
          serviceName: service.endpointServiceName,
          vpcEndpointType: "Interface",
          subnetIds: pulumi.output(network.subnetIds).apply((ids) => [...ids]),
          securityGroupIds: [group.id],
          tags,
        },
        child,
      ),
    );
    return new PrivateLinkEndpointService(
      ...transformed<PrivateLinkEndpointServiceArgs>(
        transform.connection,
        `${name}-connection`,
        {
          projectId,
          privateLinkId: service.privateLinkId,
          endpointServiceId: endpoint.id,
          providerName: "AWS",
        },
        child,
      ),
    );
  }

  private onGcp(
    name: string,
    { projectId, clusterName, atlasRegion, transform = {} }: AtlasPrivateEndpointArgs,
    { project, region, network, subnetwork }: Extract<AtlasNetwork, { kind: "gcp" }>,
  ): PrivateLinkEndpointService {
    const child = { parent: this };
    const endpointName = `${clusterName.toLowerCase()}-atlas`;
    const service = new PrivateLinkEndpoint(
      ...transformed<PrivateLinkEndpointArgs>(
        transform.service,
        `${name}-service`,
        // One address for all nodes; without it Atlas asks for fifty, and that ends in April 2027.
        { projectId, providerName: "GCP", region: atlasRegion, portMappingEnabled: true },
        child,
      ),
    );
    const address = new compute.Address(
      ...transformed<compute.AddressArgs>(
        transform.address,
        `${name}-address`,
        {
          project,
          region,
          name: endpointName,
          addressType: "INTERNAL",
          subnetwork: pulumi.interpolate`projects/${project}/regions/${region}/subnetworks/${subnetwork}`,
        },
        child,
      ),
    );
    const rule = new compute.ForwardingRule(
      ...transformed<compute.ForwardingRuleArgs>(
        transform.forwardingRule,
        `${name}-forwarding-rule`,
        {
          project,
          region,
          name: endpointName,
          target: service.serviceAttachmentNames.apply((names) => names[0] ?? ""),
          ipAddress: address.id,
          network: pulumi.interpolate`projects/${project}/global/networks/${network}`,
          // Empty by the API's rule for a target that is a service attachment.
          loadBalancingScheme: "",
        },
        child,
      ),
    );
    return new PrivateLinkEndpointService(
      ...transformed<PrivateLinkEndpointServiceArgs>(
        transform.connection,
        `${name}-connection`,
        {
          projectId,
          privateLinkId: service.privateLinkId,
          endpointServiceId: rule.name,
          privateEndpointIpAddress: address.address,
          gcpProjectId: project,
          providerName: "GCP",
        },
        child,
      ),
    );
  }
}

/**
 * Host of the connection string that goes through a private endpoint: `retrofitlink-pl-0.abcde.mongodb.net`.
 *
 * @throws pulumi.RunError when Atlas has none yet
 */
export function privateHost(
  strings: AdvancedClusterConnectionStrings | undefined,
  endpointId: string,
): string {
  const endpoints = strings?.privateEndpoints ?? [];
  const own = endpoints.find(({ endpoints: parts }) => parts.some((part) => part.endpointId === endpointId));
  const srv = own?.srvConnectionString ?? "";
  if (!srv.startsWith("mongodb+srv://")) {
    throw lateError(
      `Atlas has no connection string for the private endpoint ${endpointId} yet. Wait until the cluster and the ` +
        "endpoint are available in Atlas, run `pulumi refresh`, and then the same command again.",
    );
  }
  return srv.slice("mongodb+srv://".length).replace(/[/?].*$/, "");
}
