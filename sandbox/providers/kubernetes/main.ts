import { serveProvider } from "../protocol/serve-provider";
import { KubernetesProvider } from "./provider";

serveProvider(new KubernetesProvider(), "@pulumi/kubernetes");
