import { serveProvider } from "../serve-provider";
import { KubernetesProvider } from "./provider";

serveProvider(new KubernetesProvider(), "@pulumi/kubernetes");
