/** What a person reads of a group of alerts, as templates of Alertmanager. */

/** `P0 firing: ServiceErrors backend`, with the number of alerts where there are several. */
export const TITLE =
  "{{ with .CommonLabels.tier }}{{ . }} {{ end }}{{ .Status }}{{ if gt (len .Alerts) 1 }} ({{ len .Alerts }}){{ end }}: " +
  "{{ .GroupLabels.alertname }}{{ with .CommonLabels.service }} {{ . }}{{ end }}" +
  "{{ with .CommonLabels.namespace }} in {{ . }}{{ end }}";

/** One line of an alert, left out where there is nothing to say. */
const line = (word: string, value: string): string => `{{ with ${value} }}${word}: {{ . }}\n{{ end }}`;

/** Each alert of the group: what it is, what users notice, what to do. */
export const MESSAGE = [
  "{{ range .Alerts }}",
  "{{ with .Annotations.summary }}{{ . }}\n{{ end }}",
  line("Impact", ".Annotations.description"),
  line("Tier", ".Labels.tier"),
  line("Runbook", ".Annotations.runbook_url"),
  line("Dashboard", ".Annotations.dashboard_url"),
  "\n{{ end }}",
].join("");

/** A mail has the way back to Alertmanager, where alerts are silenced. */
export const EMAIL_TEXT = `${MESSAGE}Silence: {{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}\n`;

/** The same by name, for services that have fields. */
export const DETAILS: Readonly<Record<string, string>> = {
  summary: "{{ .CommonAnnotations.summary }}",
  impact: "{{ .CommonAnnotations.description }}",
  tier: "{{ .CommonLabels.tier }}",
  runbook_url: "{{ .CommonAnnotations.runbook_url }}",
  dashboard_url: "{{ .CommonAnnotations.dashboard_url }}",
  firing: "{{ .Alerts.Firing | len }}",
};
