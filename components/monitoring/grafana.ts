/** Grafana of the chart: its arguments, and the chart's values for it. Pure but for outputs it carries. */
import type * as pulumi from "@pulumi/pulumi";

import type { SecretEntry } from "./remote-write";

/** Sign-in by an identity provider that speaks OpenID Connect. */
export interface GrafanaSignIn {
  /** What the button says. @default "OAuth" */
  readonly name?: string;
  readonly clientId: pulumi.Input<string>;
  /** Entry of a Secret in the namespace of the stack. It gets into the pod as a variable and is in no values. */
  readonly clientSecret: SecretEntry;
  readonly authUrl: pulumi.Input<string>;
  readonly tokenUrl: pulumi.Input<string>;
  /** Where the provider says who it is. */
  readonly userInfoUrl: pulumi.Input<string>;
  /** @default "openid profile email" */
  readonly scopes?: string;
  /** JMESPath over the claims that gives Admin, Editor or Viewer. @default everybody is a Viewer */
  readonly rolePath?: string;
  /** Whom `rolePath` gives no role is not let in. @default false */
  readonly strictRoles?: boolean;
  /** The form for the administrator's password beside it. @default true */
  readonly passwordForm?: boolean;
}

/** Arguments of Grafana. */
export interface GrafanaArgs {
  /** Domain below which it is reached, as `grafana.<domain>`. @default it is reached by `kubectl port-forward` alone */
  readonly domain?: string;
  /** Of cert-manager; needed with a domain. */
  readonly issuer?: { readonly kind: "Issuer" | "ClusterIssuer"; readonly name: string };
  /** Class of the Ingress. @default the cluster's */
  readonly ingressClass?: string;
  /** @default the administrator alone */
  readonly signIn?: GrafanaSignIn;
  /** Uid of the data source with the traces that exemplars lead to, such as a Tempo. @default exemplars lead nowhere */
  readonly traces?: string;
}

/** Label of a ConfigMap whose entries are dashboards, in any namespace. The value is `DASHBOARD_LABEL.value`. */
export const DASHBOARD_LABEL = { key: "grafana_dashboard", value: "1" } as const;

/** Entries of the Secret with the administrator. */
export const ADMIN_KEYS = { user: "admin-user", password: "admin-password" } as const;

/** Label of an exemplar with the trace, as the runtime package sets it. */
const TRACE_LABEL = "trace_id";

/** Variable that overrides `client_secret` of `[auth.generic_oauth]`. */
const CLIENT_SECRET = "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET";

type Values = Record<string, unknown>;

/** Host name of Grafana below a domain. */
export const grafanaHost = (domain: string): string => `grafana.${domain}`;

/**
 * The chart's values. There is no volume: what it shows is code, and a pod that starts anew takes the administrator's
 * password of today.
 *
 * @param generation of the password: another one is another pod
 */
export function grafanaValues(args: GrafanaArgs, adminSecret: string, generation: number): Values {
  const { domain, signIn, traces } = args;
  return {
    enabled: true,
    admin: { existingSecret: adminSecret, userKey: ADMIN_KEYS.user, passwordKey: ADMIN_KEYS.password },
    podAnnotations: { "retrofitlink/password-generation": `${generation}` },
    plugins: [],
    testFramework: { enabled: false },
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
    sidecar: {
      resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } },
      dashboards: {
        enabled: true,
        label: DASHBOARD_LABEL.key,
        labelValue: DASHBOARD_LABEL.value,
        searchNamespace: "ALL",
        // What is changed by hand would be gone with the pod.
        provider: { allowUiUpdates: false },
      },
      ...(traces === undefined
        ? {}
        : {
            datasources: {
              exemplarTraceIdDestinations: {
                datasourceUid: traces,
                traceIdLabelName: TRACE_LABEL,
                urlDisplayLabel: "Trace",
              },
            },
          }),
    },
    "grafana.ini": {
      analytics: { check_for_updates: false, check_for_plugin_updates: false, reporting_enabled: false },
      "auth.anonymous": { enabled: false },
      users: { allow_sign_up: false },
      ...(domain === undefined
        ? {}
        : {
            server: { root_url: `https://${grafanaHost(domain)}` },
            security: { cookie_secure: true, strict_transport_security: true },
          }),
      ...(signIn?.passwordForm === false ? { auth: { disable_login_form: true } } : {}),
      ...(signIn === undefined ? {} : { "auth.generic_oauth": oauth(signIn) }),
    },
    ...(signIn === undefined
      ? {}
      : { envValueFrom: { [CLIENT_SECRET]: { secretKeyRef: { ...signIn.clientSecret } } } }),
    ...(domain === undefined ? {} : { ingress: ingress(domain, args) }),
  };
}

function oauth(signIn: GrafanaSignIn): Values {
  const { name, clientId, authUrl, tokenUrl, userInfoUrl, scopes, rolePath, strictRoles = false } = signIn;
  return {
    enabled: true,
    ...(name === undefined ? {} : { name }),
    client_id: clientId,
    scopes: scopes ?? "openid profile email",
    auth_url: authUrl,
    token_url: tokenUrl,
    api_url: userInfoUrl,
    // A code that is stolen on its way is of no use.
    use_pkce: true,
    // Who the provider lets in; the form's own sign-up stays off.
    allow_sign_up: true,
    ...(rolePath === undefined ? {} : { role_attribute_path: rolePath }),
    ...(strictRoles ? { role_attribute_strict: true } : {}),
  };
}

function ingress(domain: string, { issuer, ingressClass }: GrafanaArgs): Values {
  const host = grafanaHost(domain);
  const annotation = issuer?.kind === "Issuer" ? "cert-manager.io/issuer" : "cert-manager.io/cluster-issuer";
  return {
    enabled: true,
    ...(ingressClass === undefined ? {} : { ingressClassName: ingressClass }),
    ...(issuer === undefined ? {} : { annotations: { [annotation]: issuer.name } }),
    hosts: [host],
    path: "/",
    tls: [{ secretName: "grafana-tls", hosts: [host] }],
  };
}
