export { AlertRouting, type AlertRoutingArgs } from "./monitoring/alert-routing";
