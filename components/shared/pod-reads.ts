/** Which Secrets and ConfigMaps a pod reads, and a digest of what they hold: another digest is another pod. */
import { createHash } from "node:crypto";

import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

type PodSpec = pulumi.Unwrap<k8s.types.input.core.v1.PodSpec>;

/** One object that a pod reads. */
export interface PodRead {
  readonly kind: "Secret" | "ConfigMap";
  readonly name: string;
  /** The one entry; undefined for all of them. */
  readonly key: string | undefined;
}

type Items = readonly { readonly key: string }[] | undefined;

/** Everything that a pod reads: by variables, by volumes, whole or by entries. */
export function podReads({
  containers,
  initContainers = [],
  volumes = [],
}: Pick<PodSpec, "containers" | "initContainers" | "volumes">): PodRead[] {
  const reads = (kind: PodRead["kind"], name: string | undefined, keys: readonly (string | undefined)[]) =>
    name === undefined ? [] : keys.map((key): PodRead => ({ kind, name, key }));
  const keysOf = (items: Items): (string | undefined)[] => items?.map(({ key }) => key) ?? [undefined];
  return [
    ...[...containers, ...initContainers].flatMap(({ env = [], envFrom = [] }) => [
      ...env.flatMap(({ valueFrom }) => [
        ...reads("Secret", valueFrom?.secretKeyRef?.name, [valueFrom?.secretKeyRef?.key]),
        ...reads("ConfigMap", valueFrom?.configMapKeyRef?.name, [valueFrom?.configMapKeyRef?.key]),
      ]),
      ...envFrom.flatMap(({ secretRef, configMapRef }) => [
        ...reads("Secret", secretRef?.name, [undefined]),
        ...reads("ConfigMap", configMapRef?.name, [undefined]),
      ]),
    ]),
    ...volumes.flatMap(({ secret, configMap, projected }) => [
      ...reads("Secret", secret?.secretName, keysOf(secret?.items)),
      ...reads("ConfigMap", configMap?.name, keysOf(configMap?.items)),
      ...(projected?.sources ?? []).flatMap((source) => [
        ...reads("Secret", source.secret?.name, keysOf(source.secret?.items)),
        ...reads("ConfigMap", source.configMap?.name, keysOf(source.configMap?.items)),
      ]),
    ]),
  ];
}

interface HeldObject {
  readonly kind: PodRead["kind"];
  readonly name: pulumi.Output<string | undefined>;
  readonly entries: pulumi.Output<Readonly<Record<string, string>>>;
}

const KINDS: Readonly<Record<string, PodRead["kind"]>> = {
  "kubernetes:core/v1:Secret": "Secret",
  "kubernetes:core/v1:ConfigMap": "ConfigMap",
};

/** The Secrets and ConfigMaps that a stack makes, in the order in which it makes them: before the pods that read them. */
export class StackContents {
  private readonly held: HeldObject[] = [];

  /** Remembers the object when it is one that pods read. */
  note(type: string, props: k8s.core.v1.SecretArgs & k8s.core.v1.ConfigMapArgs): void {
    const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
    if (kind === undefined) return;
    this.held.push({
      kind,
      name: pulumi.output(props.metadata).apply((metadata) => metadata?.name),
      entries: pulumi
        .all([props.data, props.stringData, props.binaryData])
        .apply(([data, stringData, binaryData]) => ({ ...data, ...stringData, ...binaryData })),
    });
  }

  /**
   * Digest of the entries that the pod reads from objects of this stack; undefined when there are none. What somebody else
   * made is not looked at. It is no secret: the entries that are have too many random bits to be guessed from it.
   */
  digest(
    pod: pulumi.Input<Pick<PodSpec, "containers" | "initContainers" | "volumes">>,
  ): pulumi.Output<string | undefined> {
    const objects = [...this.held];
    const digest = pulumi
      .all([pulumi.output(pod), pulumi.all(objects.map(({ name }) => name))])
      .apply(([spec, names]) => {
        const read = podReads(spec as PodSpec).flatMap(({ kind, name, key }) => {
          const index = objects.findIndex((object, at) => object.kind === kind && names[at] === name);
          const entries = objects[index]?.entries;
          if (entries === undefined) return [];
          return entries.apply((all) => [kind, name, key === undefined ? sorted(all) : [[key, all[key]]]]);
        });
        return pulumi.all(read).apply((all) => (all.length === 0 ? undefined : sha256(JSON.stringify(all))));
      });
    return pulumi.unsecret(digest);
  }
}

function sorted(entries: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(entries).sort(([one], [other]) => (one < other ? -1 : 1));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
