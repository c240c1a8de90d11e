/** What texts of alerts say about the thing that an alert is about: one rule is about many. Templates of Prometheus. */
import { BUDGET_TARGET } from "./watched";

/** The service that an alert is about. */
export const SERVICE = "{{ $labels.service }}";

/** How a figure is written: "500ms", "5%", "1.5". */
export type Format = "humanizeDuration" | "humanizePercentage" | "humanize";

/** A figure of the plan, of the service in an alert's labels. @param labels of the figure besides the service's */
export function told(labels: Readonly<Record<string, string>>, format: Format): string {
  const more = Object.entries(labels).map(([label, value]) => `,${label}='${value}'`);
  const query = `${BUDGET_TARGET}{namespace='%s',service='%s'${more.join("")}}`;
  return (
    `{{ with printf "${query}" $labels.namespace $labels.service | query }}` +
    `{{ . | first | value | ${format} }}{{ end }}`
  );
}
