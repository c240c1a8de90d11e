import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { routingIssues, routingSecrets, type Routing } from "../../budget/monitoring/routing";
import { assertValid } from "../shared/issues";
import { commonLabels } from "../shared/kubernetes";
import { transformed, type Transform } from "../shared/transform";
import { alertmanagerConfig } from "./alertmanager-config";

/** Arguments of `AlertRouting`. */
export interface AlertRoutingArgs {
  /** Namespace of Alertmanager, which has the Secrets of the receivers as well. */
  readonly namespace: pulumi.Input<string>;
  /** Name of the Secret, which Alertmanager takes as its `configSecret`. @default the component's name */
  readonly secretName?: string;
  readonly routing: Routing;
  /** Path in the stack file that `routing` comes from, for messages. */
  readonly configKey?: string;
  readonly transform?: { readonly config?: Transform<k8s.core.v1.SecretArgs> };
}

/** Key of the Secret under which the operator of Prometheus looks for Alertmanager's file. */
const CONFIG_KEY = "alertmanager.yaml";

/**
 * Who is told of alerts: the Secret with Alertmanager's file.
 *
 * It has no credential in it: these are files of Secrets that somebody else makes, which Alertmanager has to mount.
 */
export class AlertRouting extends pulumi.ComponentResource {
  readonly config: k8s.core.v1.Secret;

  /** Name of the Secret: `alertmanagerSpec.configSecret` of kube-prometheus-stack. */
  readonly secretName: pulumi.Output<string>;

  /** Secrets that Alertmanager has to mount: `alertmanagerSpec.secrets` of kube-prometheus-stack. */
  readonly mountedSecrets: readonly string[];

  constructor(name: string, args: AlertRoutingArgs, opts?: pulumi.ComponentResourceOptions) {
    const { namespace, secretName = name, routing, configKey, transform = {} } = args;
    assertValid("AlertRouting", name, routingIssues(routing), configKey);
    super(COMPONENT_TYPES.alertRouting, name, {}, opts);
    this.config = new k8s.core.v1.Secret(
      ...transformed<k8s.core.v1.SecretArgs>(
        transform.config,
        secretName,
        {
          metadata: { name: secretName, namespace, labels: commonLabels(name, "monitoring") },
          stringData: { [CONFIG_KEY]: alertmanagerConfig(routing) },
        },
        { parent: this },
      ),
    );
    this.secretName = this.config.metadata.name;
    this.mountedSecrets = routingSecrets(routing);
    this.registerOutputs({});
  }
}
