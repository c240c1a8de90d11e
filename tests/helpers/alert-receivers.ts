/** Where alerts arrive in a test: a webhook's server, and one that takes mail. */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { buffer } from "node:stream/consumers";

/** What Alertmanager posts to a webhook. */
export interface Notification {
  readonly receiver: string;
  readonly status: string;
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

export interface Sink<Message> {
  readonly port: number;
  readonly messages: readonly Message[];
  stop(): Promise<void>;
}

async function listening<Message>(server: Server, messages: readonly Message[]): Promise<Sink<Message>> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, messages, stop };
}

/** Takes every POST, with the path it came by. */
export async function startWebhook(): Promise<Sink<Notification & { readonly path: string }>> {
  const messages: (Notification & { path: string })[] = [];
  const server = createHttpServer((request, response) => {
    void buffer(request).then((body) => {
      messages.push({ ...(JSON.parse(body.toString()) as Notification), path: request.url ?? "" });
      response.setHeader("connection", "close").end();
    });
  });
  return listening(server, messages);
}

/** Takes every mail, as it was sent: the envelope's commands, header and text. */
export async function startMailServer(): Promise<Sink<string>> {
  const mails: string[] = [];
  const server = createServer((socket) => {
    let mail = "";
    let pending = "";
    let isData = false;
    const answer = (line: string): boolean => socket.write(`${line}\r\n`);
    answer("220 test");
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const lines = (pending + chunk.toString()).split("\r\n");
      pending = lines.pop() ?? "";
      for (const line of lines) {
        mail += `${line}\n`;
        if (isData && line !== ".") continue;
        if (isData) mails.push(mail);
        if (line === "QUIT") {
          answer("221 bye");
          socket.end();
        } else {
          const begins = !isData && line === "DATA";
          answer(begins ? "354 go on" : "250 ok");
          isData = begins;
        }
      }
    });
  });
  return listening(server, mails);
}
