/** Small programs of Kubernetes objects, for what the stand-in of its provider does with them. */
const NAMESPACE = `const ns = new k8s.core.v1.Namespace("ns", { metadata: { name: "NAME" } });`;

/** A Deployment in the namespace. */
export function deployment(options: { image?: string; app?: string; extra?: string } = {}): string {
  const { image = "registry.example/app:1", app = "app", extra = "" } = options;
  return `new k8s.apps.v1.Deployment("app", {
    metadata: { name: "app", namespace: ns.metadata.name },
    spec: {
      selector: { matchLabels: { app: "${app}" } },
      template: {
        metadata: { labels: { app: "${app}" } },
        spec: { containers: [{ name: "app", image: "${image}" }] },
      },
      ${extra}
    },
  }, OPTIONS);`;
}

/** A program with its own namespace. @param body `OPTIONS` in it are replaced */
export const inNamespace = (name: string, body: string, options = "{}"): string =>
  `${NAMESPACE.replace("NAME", name)}\n${body.replace("OPTIONS", options)}`;
