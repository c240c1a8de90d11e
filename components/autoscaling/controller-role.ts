/** What a controller of the cluster may do in AWS: a role for its service account. */
import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";

import { trustPolicy } from "../shared/service-role";
import { transformed, type Transform } from "../shared/transform";

/**
 * How a pod proves to AWS whose it is: by EKS Pod Identity, whose agent runs on the nodes, or by the issuer of the cluster's
 * tokens (IRSA).
 */
export type AwsIdentity =
  | { readonly kind: "pod-identity" }
  | {
      readonly kind: "issuer";
      /** ARN of the OpenID Connect provider in IAM. */
      readonly providerArn: pulumi.Input<string>;
      /** Its address without `https://`. */
      readonly issuer: string;
    };

interface RoleArgs {
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly identity: AwsIdentity;
  readonly policy: pulumi.Input<string>;
  readonly transform?: RoleTransforms | undefined;
}

/** Escape hatches of its children. */
export interface RoleTransforms {
  readonly role?: Transform<iam.RoleArgs>;
  readonly policy?: Transform<iam.RolePolicyArgs>;
  readonly identity?: Transform<eks.PodIdentityAssociationArgs>;
}

export interface ControllerRole {
  readonly role: iam.Role;
  readonly policy: iam.RolePolicy;
  readonly association: eks.PodIdentityAssociation | undefined;
  /** What has to be there before the controller starts: without it, it may do nothing. */
  readonly needed: readonly pulumi.Resource[];
  /** Annotations of the service account. */
  readonly annotations: Readonly<Record<string, pulumi.Input<string>>>;
}

export function controllerRole(
  name: string,
  args: RoleArgs,
  child: pulumi.CustomResourceOptions,
): ControllerRole {
  const { clusterName, namespace, serviceAccount, identity, transform = {} } = args;
  const role = new iam.Role(
    ...transformed<iam.RoleArgs>(
      transform.role,
      `${name}-role`,
      {
        assumeRolePolicy:
          identity.kind === "pod-identity"
            ? trustPolicy("pods.eks.amazonaws.com")
            : pulumi
                .output(identity.providerArn)
                .apply((arn) => issuerTrust(arn, identity.issuer, `${namespace}:${serviceAccount}`)),
      },
      child,
    ),
  );
  const policy = new iam.RolePolicy(
    ...transformed<iam.RolePolicyArgs>(
      transform.policy,
      `${name}-policy`,
      { role: role.id, policy: args.policy },
      child,
    ),
  );
  const association =
    identity.kind === "pod-identity"
      ? new eks.PodIdentityAssociation(
          ...transformed<eks.PodIdentityAssociationArgs>(
            transform.identity,
            `${name}-identity`,
            { clusterName, namespace, serviceAccount, roleArn: role.arn },
            child,
          ),
        )
      : undefined;
  return {
    role,
    policy,
    association,
    needed: association === undefined ? [policy] : [policy, association],
    annotations: identity.kind === "pod-identity" ? {} : { "eks.amazonaws.com/role-arn": role.arn },
  };
}

/** Trust policy for one service account of a cluster. JSON. */
function issuerTrust(providerArn: string, issuer: string, account: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: providerArn },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${issuer}:aud`]: "sts.amazonaws.com",
            [`${issuer}:sub`]: `system:serviceaccount:${account}`,
          },
        },
      },
    ],
  });
}
