/** What is watched of the way in: the proxy, the certificate that clients see, and the public address. */
import { percent } from "../core/format";
import type { Alert } from "../monitoring/alert";
import type { Panel, PanelBound } from "../monitoring/panel";
import { seriesOf, type Workload } from "../monitoring/series";
import { NOTHING_WATCHED, together, type Watched } from "../monitoring/watched";
import type { ProxyKind } from "./proxy-memory";
import type { WatchedAccess } from "./access-rules";
import { watchAccess } from "./watched-access";

/** What is watched of a proxy follows from it. */
export interface WatchedProxy extends WatchedAccess {
  readonly proxy: ProxyKind;
  /** Clients that one pod admits at the same time. */
  readonly clientsPerPod: number;
}

/** What is asked from outside. */
export interface WatchedAddress {
  readonly namespace: string;
  /** It ends TLS, so that there is a certificate to look at. */
  readonly tls: boolean;
}

/** `job` of the probes of the public address. */
export const PUBLIC_ADDRESS_JOB = "public-address";

/** Share of the connections that a pod admits at which somebody looks: the rest lasts until the autoscaler's pods are there. */
const ADMITTED = 0.8;

/** Days before a certificate ends. Cert-manager and the clouds renew a month before, so that nobody is told while that works. */
const CERTIFICATE_DAYS = { P2: 21, P0: 3 } as const;

const EXAMPLE_POD = "6d9c7b58f4-x2x2x";

function ofPod(of: Workload, metric: string, more = ""): string {
  return `${metric}{${seriesOf(of, `pod="${of.job}-${EXAMPLE_POD}"${more}`)}}`;
}

/** Series of the proxy's own figures. Its answers are those of its access log: stub_status of nginx knows nothing of them. */
interface ProxySeries {
  /** Connections of clients of each pod. */
  readonly connections: string;
  readonly requests: string;
}

const SERIES: Readonly<Record<ProxyKind, ProxySeries>> = {
  nginx: { connections: "nginx_connections_active", requests: "nginx_http_requests_total" },
  haproxy: {
    connections: "haproxy_process_current_connections",
    requests: "haproxy_frontend_http_requests_total",
  },
};

/** Rules, alerts and panels of a proxy. */
export function watchProxy(of: WatchedProxy): Watched {
  const series = SERIES[of.proxy];
  return together([
    {
      ...NOTHING_WATCHED,
      alerts: [proxyAbsent(of), connections(of, series)],
      panels: proxyPanels(of, series),
    },
    watchAccess(of),
    of.proxy === "haproxy" ? NOTHING_WATCHED : watchDropped(of),
  ]);
}

const ABOUT = { noun: "proxy", dashboard: "load-balancer" } as const;
const LOAD_BALANCER = "retrofitlink:loadBalancer";

function proxyAbsent(of: WatchedProxy): Alert {
  return {
    name: "ProxyAbsent",
    tier: "P0",
    labels: { proxy: of.job },
    forSeconds: 180,
    windowSeconds: 0,
    condition: {
      kind: "state",
      expr: `absent(up{${seriesOf(of)}} == 1)`,
      firing: [],
      silent: [{ series: ofPod(of, "up"), start: 1 }],
    },
    ...ABOUT,
    summary: `No pod of ${of.job} answers Prometheus.`,
    impact: "Nothing of the platform is reached from outside, or nobody would see if it were not.",
    keys: [`${LOAD_BALANCER}.proxy`],
  };
}

function connections(of: WatchedProxy, { connections: metric }: ProxySeries): Alert {
  return {
    name: "ProxyConnections",
    tier: "P1",
    labels: { proxy: of.job },
    forSeconds: 300,
    windowSeconds: 0,
    condition: {
      kind: "threshold",
      values: [`max(${metric}{${seriesOf(of)}}) / ${of.clientsPerPod}`],
      comparison: ">",
      threshold: ADMITTED,
      example: (share) => [{ series: ofPod(of, metric), start: share * of.clientsPerPod }],
    },
    ...ABOUT,
    summary: `A pod of ${of.job} holds {{ $value | humanizePercentage }} of the connections that it admits.`,
    impact: "None yet. When it is full, new clients wait or are turned away.",
    keys: [`${LOAD_BALANCER}.clientConnections`, `${LOAD_BALANCER}.cpuCores`],
  };
}

/** Clients that nginx could not take at all: they are in no access log. */
function watchDropped(of: WatchedProxy): Watched {
  const [accepted, handled] = ["nginx_connections_accepted", "nginx_connections_handled"];
  const increase = (metric: string): string => `sum(increase(${metric}{${seriesOf(of)}}[5m]))`;
  // The exporter calls them without `_total`, so that these examples count from the start of the test.
  const taken = { series: ofPod(of, accepted), perMinute: 600 };
  return {
    ...NOTHING_WATCHED,
    alerts: [
      {
        name: "ProxyDropsConnections",
        tier: "P0",
        labels: { proxy: of.job },
        forSeconds: 60,
        windowSeconds: 300,
        condition: {
          kind: "state",
          // A connection may be taken between two numbers of one scrape.
          expr: `${increase(accepted)} - ${increase(handled)} > 5`,
          firing: [taken, { series: ofPod(of, handled), perMinute: 590 }],
          silent: [taken, { series: ofPod(of, handled), perMinute: 600 }],
        },
        ...ABOUT,
        summary: `${of.job} drops connections: {{ $value | humanize }} within five minutes.`,
        impact: "Clients are turned away without an answer.",
        keys: [`${LOAD_BALANCER}.clientConnections`],
      },
    ],
  };
}

function proxyPanels(of: WatchedProxy, { connections: metric, requests }: ProxySeries): Panel[] {
  const bounds: PanelBound[] = [
    { value: ADMITTED, worseWhen: "higher", label: "warning" },
    { value: 1, worseWhen: "higher", label: "full" },
  ];
  const base = { dashboard: "load-balancer", row: "Clients" } as const;
  return [
    {
      ...base,
      id: "proxy-connections",
      title: "Connections by what a pod admits",
      description: `Of each pod, which admits ${of.clientsPerPod}. At 100 % new clients wait.`,
      unit: "ratio",
      queries: [{ expr: `${metric}{${seriesOf(of)}} / ${of.clientsPerPod}`, legend: "{{pod}}" }],
      bounds,
    },
    {
      ...base,
      id: "proxy-requests",
      title: "Requests of clients",
      description:
        "All requests that the proxy itself counts, probes among them. Far above all answers: the access log is not heard.",
      unit: "requests/s",
      queries: [{ expr: `sum(rate(${requests}{${seriesOf(of)}}[5m]))`, legend: of.job }],
    },
  ];
}

/** Alerts and panels of what is asked from outside by the blackbox exporter. */
export function watchAddress(of: WatchedAddress): Watched {
  const probe = { namespace: of.namespace, job: PUBLIC_ADDRESS_JOB };
  const sel = seriesOf(probe);
  const series = (metric: string): string =>
    `${metric}{${seriesOf(probe, 'instance="https://app.example.com/"')}}`;
  const [success, end] = ["probe_success", "probe_ssl_earliest_cert_expiry"];
  return {
    ...NOTHING_WATCHED,
    alerts: [
      {
        name: "PublicAddressDown",
        subject: "{{ $labels.instance }}",
        tier: "P0",
        forSeconds: 120,
        windowSeconds: 0,
        condition: {
          kind: "state",
          expr: `${success}{${sel}} == 0`,
          firing: [{ series: series(success), start: 0 }],
          silent: [{ series: series(success), start: 1 }],
        },
        ...ABOUT,
        summary: "{{ $labels.instance }} does not answer.",
        impact: "Users do not reach the platform.",
        keys: [`${LOAD_BALANCER}.public`],
      },
      ...(of.tls ? Object.entries(CERTIFICATE_DAYS) : []).map(([tier, days]): Alert => ({
        name: "CertificateExpires",
        subject: "{{ $labels.instance }}",
        tier: tier as keyof typeof CERTIFICATE_DAYS,
        labels: { days: String(days) },
        forSeconds: 600,
        windowSeconds: 0,
        condition: {
          kind: "threshold",
          values: [`(${end}{${sel}} - time()) / 86400`],
          comparison: "<",
          threshold: days,
          // The same number of days is left all the time.
          example: (left) => [{ series: series(end), start: left * 86_400, perMinute: 60 }],
        },
        ...ABOUT,
        summary: "The certificate of {{ $labels.instance }} ends in {{ $value | humanize }} days.",
        impact: "None yet. From that moment on every client refuses to connect.",
        keys: [`${LOAD_BALANCER}.tls`],
      })),
    ],
    panels: [
      {
        id: "public-address",
        dashboard: "load-balancer",
        row: "From outside",
        title: "Public address answers",
        description: `Share of probes of an hour that were answered. Below ${percent(1)} somebody was turned away.`,
        unit: "ratio",
        kind: "stat",
        queries: [{ expr: `avg_over_time(${success}{${sel}}[1h])`, legend: "{{instance}}" }],
        bounds: [{ value: 1, worseWhen: "lower", label: "promise" }],
      },
    ],
  };
}
