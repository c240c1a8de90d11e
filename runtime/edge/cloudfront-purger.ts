import { CloudFrontClient, CreateInvalidationCommand } from "@aws-sdk/client-cloudfront";
import type { PurgeBatch, PurgeLimits } from "./purge-plan";
import { PurgeBusy, type Purger } from "./purger";

/** Errors that pass, by the names of CloudFront's API. */
const BUSY: ReadonlySet<string> = new Set([
  "TooManyInvalidationsInProgress",
  "Throttling",
  "ThrottlingException",
  "ServiceUnavailable",
]);

/** Purges a CloudFront distribution. A tag is an item that begins with "#", and needs a distribution that reads tags. */
export class CloudFrontPurger implements Purger {
  /** 3,000 files and 15 wildcards may be under way for a distribution. */
  readonly limits: PurgeLimits = { items: 3000, wildcards: 15 };

  /**
   * @param distributionId id of the distribution
   * @param client @default one for us-east-1 with the credentials of the environment
   */
  constructor(
    private readonly distributionId: string,
    private readonly client: CloudFrontClient = new CloudFrontClient({ region: "us-east-1" }),
  ) {}

  async purge({ paths, tags }: PurgeBatch, reference: string): Promise<void> {
    const items = [...paths, ...tags.map((tag) => `#${tag}`)];
    try {
      await this.client.send(
        new CreateInvalidationCommand({
          DistributionId: this.distributionId,
          InvalidationBatch: { CallerReference: reference, Paths: { Quantity: items.length, Items: items } },
        }),
      );
    } catch (error) {
      if (error instanceof Error && BUSY.has(error.name)) throw new PurgeBusy(error.name);
      throw error;
    }
  }
}
