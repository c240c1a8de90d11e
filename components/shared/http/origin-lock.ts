import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { transformed, type Transform } from "../transform";

/** What a CDN sends, and a load balancer behind it demands. */
export interface OriginLock {
  /** Name of the header, lower case. */
  readonly headerName: string;
  /** Its value. A secret: whoever knows it passes by the CDN. */
  readonly headerValue: pulumi.Output<string>;
}

/** Arguments of `OriginLockSecret`. */
export interface OriginLockSecretArgs {
  /** A new text makes a new value. The load balancer and the CDN change one after the other: requests fail for minutes. @default "1" */
  readonly generation?: string;
  readonly transform?: { readonly value?: Transform<random.RandomPasswordArgs> };
}

/** Name of the header. */
export const ORIGIN_LOCK_HEADER = "x-origin-verify";

/**
 * Length of the value: letters and digits. A listener rule compares without regard to case, so that a character is worth
 * 5.17 bit, and the value 248. It takes 128 characters at most.
 */
const VALUE_LENGTH = 48;

/**
 * A generated secret in a header, by which a load balancer knows its CDN. Addresses alone do not tell: a CDN's ranges
 * are those of all its customers, who can point a distribution of theirs at any origin.
 *
 * Cost: none.
 */
export class OriginLockSecret extends pulumi.ComponentResource implements OriginLock {
  readonly headerName = ORIGIN_LOCK_HEADER;
  readonly headerValue: pulumi.Output<string>;

  constructor(name: string, args: OriginLockSecretArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const generation = args.generation ?? "1";
    super(COMPONENT_TYPES.originLock, name, { generation }, opts);
    const value = new random.RandomPassword(
      ...transformed<random.RandomPasswordArgs>(
        args.transform?.value,
        `${name}-value`,
        { length: VALUE_LENGTH, special: false, keepers: { generation } },
        { parent: this },
      ),
    );
    this.headerValue = pulumi.secret(value.result);
    this.registerOutputs({ headerName: this.headerName });
  }
}
