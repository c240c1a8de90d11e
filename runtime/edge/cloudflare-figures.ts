import { CloudflareApiError, errorsOf, postToCloudflare, type CloudflareApiOptions } from "./cloudflare-api";
import type { CdnSource, CdnWindow } from "./cdn-metrics";

export interface CloudflareFiguresOptions extends CloudflareApiOptions {
  readonly zoneId: string;
}

/** Answers that came out of a cache; `revalidated` asked the origin only whether it was still good. */
const HITS: ReadonlySet<string> = new Set(["hit", "stale", "updating", "revalidated"]);

const QUERY = `query Figures($zone: string!, $from: Time!, $to: Time!) {
  viewer {
    zones(filter: { zoneTag: $zone }) {
      httpRequestsAdaptiveGroups(
        limit: 5000
        filter: { datetime_geq: $from, datetime_lt: $to, requestSource: "eyeball" }
      ) {
        count
        sum { edgeResponseBytes }
        avg { originResponseDurationMs }
        dimensions { cacheStatus edgeResponseStatus }
      }
    }
  }
}`;

interface Group {
  readonly count: number;
  readonly sum: { readonly edgeResponseBytes: number };
  readonly avg: { readonly originResponseDurationMs: number | null };
  readonly dimensions: { readonly cacheStatus: string; readonly edgeResponseStatus: number };
}

/** Figures of a Cloudflare zone from its GraphQL analytics. They are samples scaled up, so counts are estimates. */
export class CloudflareFigures implements CdnSource {
  readonly provider = "cloudflare";

  constructor(private readonly options: CloudflareFiguresOptions) {}

  async read(from: Date, to: Date): Promise<CdnWindow> {
    const variables = { zone: this.options.zoneId, from: from.toISOString(), to: to.toISOString() };
    const answer = await postToCloudflare("/graphql", { query: QUERY, variables }, this.options);
    const { data, errors } = (answer.body ?? {}) as { data?: unknown; errors?: unknown };
    const failed = answer.status !== 200 || (Array.isArray(errors) && errors.length > 0);
    const groups = failed ? undefined : groupsOf(data);
    if (groups === undefined) throw new CloudflareApiError(answer.status, errorsOf(answer));
    const total = (of: (group: Group) => number): number => groups.reduce((sum, group) => sum + of(group), 0);
    const asked = groups.filter(
      ({ dimensions, avg }) => !isHit(dimensions) && (avg.originResponseDurationMs ?? 0) > 0,
    );
    const misses = asked.reduce((sum, { count }) => sum + count, 0);
    const waited = asked.reduce(
      (sum, { count, avg }) => sum + count * (avg.originResponseDurationMs ?? 0),
      0,
    );
    return {
      requests: total(({ count }) => count),
      hits: total(({ count, dimensions }) => (isHit(dimensions) ? count : 0)),
      serverErrors: total(({ count, dimensions }) => (dimensions.edgeResponseStatus >= 500 ? count : 0)),
      bytes: total(({ sum }) => sum.edgeResponseBytes),
      ...(misses === 0 ? {} : { originSeconds: waited / misses / 1000 }),
    };
  }
}

function isHit({ cacheStatus }: Group["dimensions"]): boolean {
  return HITS.has(cacheStatus);
}

function groupsOf(data: unknown): readonly Group[] | undefined {
  const { viewer } = (data ?? {}) as {
    viewer?: { zones?: readonly { httpRequestsAdaptiveGroups?: readonly Group[] }[] };
  };
  return viewer?.zones?.[0]?.httpRequestsAdaptiveGroups;
}
