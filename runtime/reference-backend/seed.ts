/** Puts the sample data into the database of the environment, where there is none yet. */
import { connectDatabase } from "../database";
import { MongoStore } from "./mongo-store";
import { sampleContractors, sampleProperties } from "./sample-data";

const PROPERTIES = 5000;
const CONTRACTORS = 500;

async function main(): Promise<void> {
  const store = new MongoStore(await connectDatabase());
  try {
    await store.seed(sampleProperties(PROPERTIES), sampleContractors(CONTRACTORS));
  } finally {
    await store.close(1000);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`not seeded: ${error instanceof Error ? error.message : "unknown error"}\n`);
  process.exitCode = 1;
});
