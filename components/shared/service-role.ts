/** Services of AWS that take on a role of this program, and what they have to do for it. */
const ACTIONS = {
  "lambda.amazonaws.com": "sts:AssumeRole",
  // EKS Pod Identity names the pod in tags of its session.
  "pods.eks.amazonaws.com": ["sts:AssumeRole", "sts:TagSession"],
} as const;

/** Trust policy of a role that one service of AWS may take on, and nobody else. JSON. */
export function trustPolicy(service: keyof typeof ACTIONS): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: ACTIONS[service] }],
  });
}
