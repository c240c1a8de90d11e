import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { CdnSource, CdnWindow } from "./cdn-metrics";

/** Metrics of a distribution by their name in CloudWatch, each with the only statistic that it has. */
const METRICS = {
  requests: { name: "Requests", statistic: "Sum" },
  bytes: { name: "BytesDownloaded", statistic: "Sum" },
  errorPercent: { name: "5xxErrorRate", statistic: "Average" },
  // The next two are among the additional metrics, which a monitoring subscription switches on.
  hitPercent: { name: "CacheHitRate", statistic: "Average" },
  originMilliseconds: { name: "OriginLatency", statistic: "p95" },
} as const;

type Figure = keyof typeof METRICS;

/** Figures of a CloudFront distribution from CloudWatch, where they are kept in us-east-1 only. */
export class CloudFrontFigures implements CdnSource {
  readonly provider = "cloudfront";

  /**
   * @param distributionId id of the distribution
   * @param client @default one for us-east-1 with the credentials of the environment
   */
  constructor(
    private readonly distributionId: string,
    private readonly client: Pick<CloudWatchClient, "send"> = new CloudWatchClient({ region: "us-east-1" }),
  ) {}

  async read(from: Date, to: Date): Promise<CdnWindow> {
    const { MetricDataResults: results = [] } = await this.client.send(
      new GetMetricDataCommand({ StartTime: from, EndTime: to, MetricDataQueries: this.queries() }),
    );
    const minutes = (figure: Figure): ReadonlyMap<number, number> => {
      const { Timestamps = [], Values = [] } = results.find(({ Id }) => Id === idOf(figure)) ?? {};
      return new Map(Timestamps.map((time, i) => [time.getTime(), Values[i] ?? 0]));
    };
    const requests = minutes("requests");
    // A share is one of its own minute's requests; the mean of shares would weigh a quiet minute like a busy one.
    const counted = (figure: Figure): number =>
      sum([...minutes(figure)].map(([time, percent]) => ((requests.get(time) ?? 0) * percent) / 100));
    const waits = [...minutes("originMilliseconds").values()];
    return {
      requests: sum([...requests.values()]),
      hits: counted("hitPercent"),
      serverErrors: counted("errorPercent"),
      bytes: sum([...minutes("bytes").values()]),
      ...(waits.length === 0 ? {} : { originSeconds: Math.max(...waits) / 1000 }),
    };
  }

  private queries(): MetricDataQuery[] {
    return (Object.keys(METRICS) as Figure[]).map((figure) => ({
      Id: idOf(figure),
      MetricStat: {
        Metric: {
          Namespace: "AWS/CloudFront",
          MetricName: METRICS[figure].name,
          Dimensions: [
            { Name: "DistributionId", Value: this.distributionId },
            { Name: "Region", Value: "Global" },
          ],
        },
        Period: 60,
        Stat: METRICS[figure].statistic,
      },
    }));
  }
}

/** CloudWatch takes ids that begin with a small letter. */
function idOf(figure: Figure): string {
  return figure.toLowerCase();
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
