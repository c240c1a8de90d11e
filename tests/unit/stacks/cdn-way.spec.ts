import assert from "node:assert/strict";

import { cdnStackFile, type Provider } from "../../helpers/cdn";
import { mistakesOf } from "./sound-stack";

type File = Record<string, any>;

function mistakes(change: (file: File) => void, provider: Provider = "cloudfront"): string[] {
  const file = cdnStackFile(provider);
  change(file);
  return mistakesOf(file);
}

const route = (path: string, kind = "websocket"): { path: string; kind: string } => ({ path, kind });

const LOST = "on any other class it is cached, and cannot be upgraded.";

describe("what the CDN and the load balancer are both told", () => {
  for (const provider of ["cloudfront", "cloudflare"] as const) {
    it(`agrees in the stack file of the specs, with ${provider}`, () => {
      assert.deepEqual(
        mistakes(() => undefined, provider),
        [],
      );
    });

    it(`is refused where a path that stays open is cached by ${provider}`, () => {
      const change = (file: File): void => {
        file["loadBalancer"].routes.push(route("/events/", "sse"), route("/live", "sse"));
      };
      const allowed =
        "allowed is a path that the CDN passes on: behaviors.webSocket.paths or behaviors.api.paths, which are /api/*, /socket.io/*.";
      assert.deepEqual(mistakes(change, provider), [
        `retrofitlink:loadBalancer.routes[1].path: got "/events/"; ${allowed} Add /events/* to retrofitlink:cdn.behaviors.webSocket.paths; ${LOST}`,
        `retrofitlink:loadBalancer.routes[2].path: got "/live"; ${allowed} Add /live and /live/* to retrofitlink:cdn.behaviors.webSocket.paths; ${LOST}`,
      ]);
    });
  }

  it("takes a path within the API, but not the part of it that is the same for everybody", () => {
    const open = (path: string) => (file: File) => void file["loadBalancer"].routes.push(route(path, "sse"));
    assert.deepEqual(mistakes(open("/api/events/")), []);
    assert.equal(mistakes(open("/api/public/")).length, 1);
    // `/api/public/*` takes a part of it away.
    assert.equal(mistakes(open("/api/")).length, 1);
  });

  it("takes what lies in one pattern of a class", () => {
    const change = (file: File): void => {
      file["loadBalancer"].routes = [route("/ws/a/"), route("/live")];
      file["cdn"].behaviors.webSocket.paths = ["/ws/*", "/live*"];
    };
    assert.deepEqual(mistakes(change), []);
  });

  it("is refused where the edge upgrades what the proxy does not", () => {
    const change = (file: File): void => void file["cdn"].behaviors.webSocket.paths.push("/ws/*");
    assert.deepEqual(mistakes(change), [
      'retrofitlink:cdn.behaviors.webSocket.paths[1]: got "/ws/*"; allowed is a path that loadBalancer.routes has as well: the proxy upgrades no other. Add it there with its kind, or give it to behaviors.api.',
    ]);
  });

  it("is refused where gRPC would go through a CDN", () => {
    assert.deepEqual(
      mistakes((file) => void file["loadBalancer"].routes.push(route("/quotes.Quotes", "grpc"))),
      [
        'retrofitlink:loadBalancer.routes[1].kind: got "grpc"; allowed is "websocket" or "sse" behind a CDN, which asks the load balancer over HTTP/1.1. Let clients of gRPC connect to a load balancer without a CDN, in a stack of its own.',
      ],
    );
  });

  it("is refused where the CDN would ask itself", () => {
    const change = (file: File): void => {
      file["loadBalancer"].public.hosts = ["www.example.com"];
      file["cdn"].failover = { hostname: "example.com" };
    };
    assert.deepEqual(mistakes(change), [
      'retrofitlink:cdn.hosts[0]: got "www.example.com"; allowed is a name that is not in loadBalancer.public.hosts: the CDN would ask itself. Give the load balancer a name of its own, like origin.example.com.',
      'retrofitlink:cdn.failover.hostname: got "example.com"; allowed is the name of a second load balancer, in neither cdn.hosts nor loadBalancer.public.hosts. Give the name of another one, or remove the key.',
    ]);
  });
});
