// The same packages as they were: their types did not change.
declare module "compression-1-7" {
  import compression from "compression";
  export default compression;
}
declare module "express-session-1-17" {
  import session from "express-session";
  export default session;
}
declare module "express-session-1-18" {
  import session from "express-session";
  export default session;
}
declare module "on-headers" {
  import type { ServerResponse } from "node:http";
  export default function onHeaders(response: ServerResponse, listener: () => void): void;
}
