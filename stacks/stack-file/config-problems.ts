/** Names by which the checks of some nouns still call what is in budget/core/issues.ts. */
export { nearest, show, type Issue as ConfigProblem } from "../../budget/core/issues";
export { valueAt } from "../../budget/core/setting-paths";
export type { SettingPath as ConfigPath } from "../../budget/core/settings";
export { configKey } from "./stack-file-issues";
