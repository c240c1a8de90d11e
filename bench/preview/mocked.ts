import * as pulumi from "@pulumi/pulumi";

/** Registers resources against mocks. @returns `seconds resources` */
export async function mockedSeconds(register: () => void): Promise<string> {
  // As in index.ts.
  Error.stackTraceLimit = 3;
  let resources = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => {
        resources++;
        return { id: `${name}-id`, state: inputs as Record<string, unknown> };
      },
      call: ({ inputs }) => inputs as Record<string, unknown>,
    },
    "retrofitlink",
    "bench",
    true,
  );
  const started = process.hrtime.bigint();
  register();
  await pulumi.runtime.disconnect();
  return `${Number(process.hrtime.bigint() - started) / 1e9} ${resources}`;
}
