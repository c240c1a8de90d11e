// Imports point one way: budget <- plan <- components <- stacks <- index.ts. Everything else stands beside them.

/** Folders that a room may import from, besides itself and npm packages. */
const ROOMS = {
  budget: [],
  plan: ["budget"],
  components: ["budget", "plan"],
  product: ["budget", "components", "runtime"],
  stacks: ["budget", "plan", "components", "product"],
  policies: ["budget", "plan"],
  runtime: [],
  functions: ["budget"],
  loadtest: ["budget", "plan"],
  simulation: ["budget", "plan", "components", "stacks", "report", "cli"],
  report: ["budget"],
  cli: [],
  engine: ["cli"],
  sandbox: ["cli", "engine"],
  bench: [
    "budget",
    "plan",
    "components",
    "stacks",
    "simulation",
    "runtime",
    "report",
    "cli",
    "engine",
    "sandbox",
    "tests",
  ],
  delivery: ["budget", "plan", "components", "stacks", "loadtest", "report", "cli", "engine", "sandbox"],
};

const rooms = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `${room}/ may import from ${[room, ...allowed].map((name) => `${name}/`).join(", ")} only`,
  severity: "error",
  from: { path: `^${room}/` },
  to: {
    path: "^(index\\.ts|[a-z-]+/)",
    dependencyTypesNot: ["core"],
    pathNot: [room, ...allowed, "node_modules"].map((name) => `^${name}/`),
  },
}));

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: "budget-is-pure",
      comment: "budget/ is arithmetic and declarations of settings: it imports nothing but itself and zod",
      severity: "error",
      from: { path: "^budget/" },
      to: { pathNot: "^(budget|node_modules/zod)/" },
    },
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-circular-folders",
      comment: "folders are rooms: of two, one knows the other",
      severity: "error",
      scope: "folder",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-undeclared-packages",
      comment: "what is imported is in package.json, not only there by accident",
      severity: "error",
      from: {},
      // Optional peers count as not declared as well.
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["npm-peer"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Not dist/ of a package: an import of what is left out is not checked.
    exclude: { path: "^(functions/image|policies|runtime)/dist/|^(build|\\.sandbox)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["require", "node", "default", "types"],
    },
  },
};
