import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ofGeneration } from "../../shared/generations";
import { transformed } from "../../shared/transform";
import type { RedisArgs } from "./redis-args";
import type { RedisCredentials, RedisSecrets } from "./redis-users";

/**
 * Random secrets of the generation before, of the current one and of the next. Each is a resource of its own, so that to
 * raise the generation makes one, forgets one, and changes none.
 */
export function redisSecrets(
  name: string,
  { passwordGeneration = 1, transform = {} }: RedisArgs,
  options: pulumi.CustomResourceOptions,
): { readonly passwords: readonly random.RandomPassword[]; readonly all: pulumi.Output<RedisCredentials> } {
  const passwords: random.RandomPassword[] = [];
  const make = (what: string, generation: number): pulumi.Output<string> => {
    const resource = ofGeneration(`${name}-${what}`, generation);
    const password = new random.RandomPassword(
      ...transformed(transform.password, resource, { length: 40, special: false }, options),
    );
    passwords.push(password);
    return password.result;
  };
  const generations = [passwordGeneration - 1, passwordGeneration, passwordGeneration + 1].filter(
    (generation) => generation >= 1,
  );
  const accepted = generations.map((generation) =>
    pulumi
      .all([make("password", generation), make("internal-password", generation)])
      .apply(([application, internal]): RedisSecrets => ({ application, internal })),
  );
  const all = pulumi.all(accepted).apply((found): RedisCredentials => {
    const current = generations.indexOf(passwordGeneration);
    return { current: found[current] as RedisSecrets, accepted: found };
  });
  return { passwords, all };
}
