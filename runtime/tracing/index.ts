export { type ActiveTrace, activeTrace, currentRequestId } from "../shared/correlation";
export { requestIds } from "./request-ids";
