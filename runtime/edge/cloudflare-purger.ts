import { CloudflareApiError, errorsOf, postToCloudflare, type CloudflareApiOptions } from "./cloudflare-api";
import type { PurgeBatch, PurgeLimits } from "./purge-plan";
import { PurgeBusy, type Purger } from "./purger";

export interface CloudflarePurgerOptions extends CloudflareApiOptions {
  readonly zoneId: string;
  /** Host names that the paths are purged for: `cdn.example.com`. */
  readonly hosts: readonly string[];
}

/** Purges a Cloudflare zone: paths as URLs of every host, wildcards as prefixes, tags as tags. */
export class CloudflarePurger implements Purger {
  readonly limits: PurgeLimits;

  constructor(private readonly options: CloudflarePurgerOptions) {
    // 100 operations a call on every plan but the largest, and a path is one for each host.
    const items = Math.max(1, Math.floor(100 / Math.max(1, options.hosts.length)));
    this.limits = { items, wildcards: items };
  }

  async purge({ paths, tags }: PurgeBatch): Promise<void> {
    const { hosts } = this.options;
    if (paths.includes("/*")) return await this.call({ purge_everything: true });
    const single = paths.filter((path) => !path.endsWith("*"));
    const prefixes = paths.filter((path) => path.endsWith("*")).map((path) => path.slice(0, -1));
    if (single.length > 0) {
      await this.call({ files: hosts.flatMap((host) => single.map((path) => `https://${host}${path}`)) });
    }
    if (prefixes.length > 0) {
      await this.call({ prefixes: hosts.flatMap((host) => prefixes.map((prefix) => `${host}${prefix}`)) });
    }
    if (tags.length > 0) await this.call({ tags });
  }

  private async call(body: unknown): Promise<void> {
    const answer = await postToCloudflare(`/zones/${this.options.zoneId}/purge_cache`, body, this.options);
    if (answer.status === 429 || answer.status >= 500) {
      throw new PurgeBusy(`Cloudflare answered ${answer.status}`, answer.retryAfterSeconds);
    }
    const { success } = (answer.body ?? {}) as { success?: unknown };
    if (success !== true) throw new CloudflareApiError(answer.status, errorsOf(answer));
  }
}
