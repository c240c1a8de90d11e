import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

/** Messages of the engine carry whole resources. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Serves one plugin of the engine: listens on a free loopback port and prints the port on the first line of standard
 * output, as the engine's plugin protocol wants it.
 */
export function servePlugin(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): void {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(definition, implementation);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) {
      process.stderr.write(`cannot listen on a loopback port: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
  // The engine closes the pipe when it is gone, also when it was killed: nothing of the plugin may stay behind.
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}
