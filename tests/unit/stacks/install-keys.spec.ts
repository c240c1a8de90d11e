/** What a monitoring of the stack's own is told of the outside: sign-in, a second store, and who asks it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { ROOT } from "../../../cli/paths";
import { CHARTS } from "../../../components/shared/versions";
import { otherPrometheus } from "../../../stacks/wiring/autoscaling";
import { RESTORE_STATE_METRICS } from "../../../budget/database/watched-backups";
import type { StackConfig } from "../../../stacks/stack-file/config";
import { planStack } from "../../../plan/plan-stack";
import { watchedOf } from "../../../stacks/wiring/monitoring";
import { shippedConfig } from "../../helpers/preview";
import type { Recording } from "../../helpers/pulumi";
import { recordStack } from "../../helpers/recorded-stack";
import type { Change } from "../../helpers/stack-file";
import { accepted, mistakes } from "./sound-stack";

type Config = Record<string, any>;

const INSTALL = {
  kind: "install",
  runbooks: "https://docs.example.com/runbooks/",
  routing: { receivers: { chat: { kind: "slack", secret: "slack" } } },
};

const ID = "https://id.example.com";
const SIGN_IN = {
  name: "Example",
  clientId: "grafana",
  clientSecret: { secret: "grafana-oauth" },
  authUrl: `${ID}/auth`,
  tokenUrl: `${ID}/token`,
  userInfoUrl: `${ID}/userinfo`,
};
const DOMAIN = { domain: "example.com", issuer: { kind: "ClusterIssuer", name: "letsencrypt" } };
const STORE = { url: "https://store.example.com/api/v1/write" };

const install =
  (more: object, change: (config: Config) => void = () => undefined) =>
  (config: Config): void => {
    config["monitoring"] = { ...INSTALL, ...more };
    change(config);
  };

const valuesOf = async (more: object): Promise<Config> =>
  chartValues(await recordStack(accepted(install(more))));

/** Values of the chart as the platform gives them. */
function chartValues(recording: Recording): Config {
  const releases = recording.ofType("kubernetes:helm.sh/v3:Release");
  const found = releases.find(({ inputs }) => inputs["chart"] === CHARTS.kubePrometheusStack.chart);
  assert.ok(found !== undefined);
  return found.inputs["values"] as Config;
}

describe("a monitoring of the stack's own", () => {
  it("lets people sign in by a provider, with the roles of their groups", async () => {
    const roles = { claim: "realm.groups", admin: ["ops"], editor: ["dev", "qa team"], others: "nobody" };
    const { grafana } = await valuesOf({ ...DOMAIN, signIn: { ...SIGN_IN, roles, passwordForm: false } });
    assert.deepEqual(grafana["grafana.ini"]["auth.generic_oauth"], {
      enabled: true,
      name: "Example",
      client_id: "grafana",
      scopes: "openid profile email",
      auth_url: `${ID}/auth`,
      token_url: `${ID}/token`,
      api_url: `${ID}/userinfo`,
      use_pkce: true,
      allow_sign_up: true,
      role_attribute_path:
        "contains(realm.groups[*], 'ops') && 'Admin' || contains(realm.groups[*], 'dev') && 'Editor' || " +
        "contains(realm.groups[*], 'qa team') && 'Editor'",
      role_attribute_strict: true,
    });
    assert.deepEqual(grafana["grafana.ini"].auth, { disable_login_form: true });
    assert.deepEqual(grafana.envValueFrom, {
      GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: { secretKeyRef: { name: "grafana-oauth", key: "client-secret" } },
    });
  });

  it("takes what docs/components/monitoring.md shows", () => {
    const text = readFileSync(join(ROOT, "docs/components/monitoring.md"), "utf8");
    const [block = ""] = Array.from(text.matchAll(/```yaml\n(.*?)```/gs), ([, one = ""]) => one);
    accepted(install((parse(block) as Config)["retrofitlink:monitoring"]));
  });

  it("keeps the login form and lets everybody look where nothing else is said", async () => {
    const roles = { admin: ["ops"] };
    const { grafana } = await valuesOf({ ...DOMAIN, signIn: { ...SIGN_IN, roles } });
    const ini = grafana["grafana.ini"];
    assert.equal("auth" in ini, false);
    const oauth = ini["auth.generic_oauth"];
    assert.equal(oauth.role_attribute_path, "contains(groups[*], 'ops') && 'Admin' || 'Viewer'");
    assert.equal("role_attribute_strict" in oauth, false);
    assert.equal("auth.generic_oauth" in (await valuesOf(DOMAIN)).grafana["grafana.ini"], false);
  });

  it("sends what is recorded to a second store, with what proves who it is in a Secret", async () => {
    const sent = async (more: object): Promise<unknown> =>
      (await valuesOf({ remoteWrite: { ...STORE, ...more } })).prometheus.prometheusSpec.remoteWrite;
    assert.deepEqual(await sent({}), [{ url: STORE.url, name: "store" }]);
    assert.deepEqual(
      await sent({ name: "years", authentication: "bearer", secretName: "store", keep: "(slo|service):.*" }),
      [
        {
          url: STORE.url,
          name: "years",
          authorization: { type: "Bearer", credentials: { name: "store", key: "token" } },
          writeRelabelConfigs: [{ sourceLabels: ["__name__"], regex: "(slo|service):.*", action: "keep" }],
        },
      ],
    );
    assert.deepEqual(await sent({ authentication: "basic", secretName: "store" }), [
      {
        url: STORE.url,
        name: "store",
        basicAuth: {
          username: { name: "store", key: "username" },
          password: { name: "store", key: "password" },
        },
      },
    ]);
  });

  it("tells of restores where the database is in the cluster, and lets kube-state-metrics see them", async () => {
    const withoutImages: Change = (file) => delete file["cdn"].images;
    const production = shippedConfig("production", withoutImages);
    const values = chartValues(await recordStack(production));
    const { customResourceState, rbac } = values["kube-state-metrics"];
    assert.deepEqual(customResourceState, { enabled: true, config: RESTORE_STATE_METRICS });
    assert.deepEqual(rbac.extraRules, [
      {
        apiGroups: ["psmdb.percona.com"],
        resources: ["perconaservermongodbrestores"],
        verbs: ["list", "watch"],
      },
    ]);
    const knows = (stack: StackConfig): boolean =>
      watchedOf(stack, planStack(stack)).alerts.some(({ name }) => name === "DatabaseRestoreUntested");
    assert.equal(knows(production), true);
    const existing = shippedConfig("production", withoutImages, (file) => {
      file["monitoring"] = { kind: "existing", runbooks: INSTALL.runbooks };
      file["autoscaling"].prometheus.url = "http://prometheus.monitoring.svc:9090";
    });
    // One that is there already is somebody else's.
    assert.equal(knows(existing), false);
    assert.equal("customResourceState" in (await valuesOf({}))["kube-state-metrics"], false);
  });

  const plain = "5f4dcc3b5aa765d61d8327deb882cf99";
  const refused: readonly [name: string, more: object, said: RegExp[]][] = [
    [
      "a client secret in plain text",
      { ...DOMAIN, signIn: { ...SIGN_IN, clientSecret: "hunter2-hunter2" } },
      [
        /^retrofitlink:monitoring\.signIn\.clientSecret: got a string; allowed is the name of a Secret and its entry/,
      ],
    ],
    [
      "a client secret where its Secret's name belongs",
      { ...DOMAIN, signIn: { ...SIGN_IN, clientSecret: { secret: plain } } },
      [/signIn\.clientSecret\.secret: got what reads like the secret itself; .*Put it into a Secret/],
    ],
    [
      "sign-in without an address to come back to",
      { signIn: SIGN_IN },
      [/^retrofitlink:monitoring\.domain: got nothing; .*login\/generic_oauth/],
    ],
    [
      "an address in the clear",
      { ...DOMAIN, signIn: { ...SIGN_IN, tokenUrl: "http://id.example.com/token" } },
      [
        /signIn\.tokenUrl: got "http:\/\/id\.example\.com\/token"; allowed is an address that begins with https:/,
      ],
    ],
    [
      "a group that ends JMESPath's text",
      { ...DOMAIN, signIn: { ...SIGN_IN, roles: { admin: ["x') || 'Admin"] } } },
      [/signIn\.roles\.admin\[0\]: /],
    ],
    [
      "roles of nobody",
      { ...DOMAIN, signIn: { ...SIGN_IN, roles: { others: "nobody" } } },
      [/signIn\.roles: .*at least one group with a role/],
    ],
    [
      "a store's password in its address",
      { remoteWrite: { url: "https://me:secret@store.example.com/write" } },
      [/remoteWrite\.url: .*without user and password/],
    ],
    [
      "a proof without its Secret",
      { remoteWrite: { ...STORE, authentication: "bearer" } },
      [/remoteWrite\.secretName: got nothing; .*or set authentication to none/],
    ],
    [
      "a token where the Secret's name belongs",
      { remoteWrite: { ...STORE, authentication: "bearer", secretName: plain } },
      [/remoteWrite\.secretName: got what reads like the secret itself/],
    ],
    [
      "names of series that are no regular expression",
      { remoteWrite: { ...STORE, keep: "(slo:.*" } },
      [/remoteWrite\.keep: got "\(slo:\.\*"; .*do not fit together/],
    ],
  ];
  for (const [name, more, said] of refused) {
    it(`is refused with ${name}, and shows no secret`, () => {
      const found = mistakes(install(more));
      assert.equal(found.length, said.length, found.join("\n"));
      for (const [index, pattern] of said.entries()) assert.match(found[index] ?? "", pattern);
      for (const secret of [plain, "hunter2", "me:secret"])
        assert.ok(!found.join().includes(secret), found.join());
    });
  }

  it("is the Prometheus that KEDA asks where no other is named", async () => {
    const prometheus = (url?: string) => (config: Config) =>
      (config["autoscaling"] = { prometheus: url === undefined ? {} : { url } });
    const scaled = (config: Config): void => {
      prometheus()(config);
      config["services"].backend.autoscaling = { signal: "requests-in-flight" };
      config["cluster"].monitoringNamespace = "watchers";
    };
    const recording = await recordStack(accepted(install({ createNamespace: false }, scaled)));
    const [object] = recording.ofType("kubernetes:keda.sh/v1alpha1:ScaledObject");
    const { triggers } = (object?.inputs as Config)["spec"];
    const addresses = triggers.map(({ metadata }: Config) => metadata.serverAddress).filter(Boolean);
    assert.deepEqual([...new Set(addresses)], ["http://prometheus-operated.watchers.svc:9090"]);

    assert.match(
      mistakes(prometheus()).join("\n"),
      /^retrofitlink:autoscaling\.prometheus\.url: got nothing; .*set retrofitlink:monitoring\.kind to install\.$/,
    );
    const odd = (url: string): string | undefined => otherPrometheus(accepted(install({}, prometheus(url))));
    assert.match(odd("http://thanos-query.monitoring.svc:9090") ?? "", /another Prometheus of the cluster/);
    assert.equal(odd("http://prometheus-operated.monitoring.svc:9090/"), undefined);
    assert.equal(odd("https://prometheus.example.com"), undefined);
  });
});
