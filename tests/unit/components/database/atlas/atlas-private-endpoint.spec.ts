import assert from "node:assert/strict";

import { privateHost } from "../../../../../components/database/atlas/atlas-private-endpoint";
import { ATLAS, GCP, inputsOf, recordAtlas } from "../atlas-fixture";

describe("AtlasCluster", () => {
  it("is reached through a private endpoint of AWS by the named ranges only", async () => {
    const { resources } = await recordAtlas();
    assert.deepEqual(inputsOf(resources, "mongodb-private-endpoint-security-group"), {
      description: "Pods of the cluster to MongoDB Atlas",
      vpcId: "vpc-0a1b2c3d",
      ingress: [
        {
          description: "MongoDB over TLS",
          protocol: "tcp",
          fromPort: 1024,
          toPort: 65_535,
          cidrBlocks: ["10.0.0.0/16"],
        },
      ],
      egress: [],
      tags: { Name: "retrofitlink-production-atlas" },
    });
    const endpoint = inputsOf(resources, "mongodb-private-endpoint-vpc-endpoint");
    assert.equal(endpoint["vpcEndpointType"], "Interface");
    assert.equal(endpoint["serviceName"], "com.amazonaws.vpce.eu-central-1.vpce-svc-1");
    assert.deepEqual(endpoint["securityGroupIds"], ["mongodb-private-endpoint-security-group-id"]);
    assert.deepEqual(inputsOf(resources, "mongodb-private-endpoint-connection"), {
      projectId: ATLAS.projectId,
      privateLinkId: "link",
      endpointServiceId: "mongodb-private-endpoint-vpc-endpoint-id",
      providerName: "AWS",
    });
  });

  it("is reached through one address of Google Cloud", async () => {
    const { resources } = await recordAtlas(
      { network: GCP },
      { endpointId: "retrofitlink-production-atlas" },
    );
    assert.deepEqual(inputsOf(resources, "mongodb-private-endpoint-service"), {
      projectId: ATLAS.projectId,
      providerName: "GCP",
      region: "WESTERN_EUROPE",
      portMappingEnabled: true,
    });
    assert.deepEqual(inputsOf(resources, "mongodb-private-endpoint-forwarding-rule"), {
      project: "retrofitlink-production",
      region: "europe-west1",
      name: "retrofitlink-production-atlas",
      target: "projects/atlas/regions/europe-west1/serviceAttachments/one",
      ipAddress: "mongodb-private-endpoint-address-id",
      network: "projects/retrofitlink-production/global/networks/main",
      loadBalancingScheme: "",
    });
    assert.deepEqual(inputsOf(resources, "mongodb-private-endpoint-connection"), {
      projectId: ATLAS.projectId,
      privateLinkId: "link",
      endpointServiceId: "retrofitlink-production-atlas",
      privateEndpointIpAddress: "10.0.0.9",
      gcpProjectId: "retrofitlink-production",
      providerName: "GCP",
    });
  });

  it("opens nothing to the internet", async () => {
    for (const network of [ATLAS.network, GCP]) {
      const { resources } = await recordAtlas({ network }, { preview: true });
      assert.ok(!JSON.stringify(resources.map(({ inputs }) => inputs)).includes('"0.0.0.0/0"'));
      assert.ok(!resources.some(({ type }) => type.includes("IpAccessList")));
    }
  });
});

describe("connection string of a private endpoint", () => {
  const strings = {
    privateEndpoints: [
      { srvConnectionString: "mongodb+srv://a-pl-0.x.mongodb.net", endpoints: [{ endpointId: "vpce-1" }] },
      {
        srvConnectionString: "mongodb+srv://a-pl-1.x.mongodb.net/?ssl=true",
        endpoints: [{ endpointId: "vpce-2" }],
      },
    ],
  } as unknown as Parameters<typeof privateHost>[0];

  it("is that of the stack's own endpoint", () => {
    assert.equal(privateHost(strings, "vpce-1"), "a-pl-0.x.mongodb.net");
    assert.equal(privateHost(strings, "vpce-2"), "a-pl-1.x.mongodb.net");
  });

  it("is waited for when Atlas has none", () => {
    for (const missing of [strings, undefined]) {
      assert.throws(
        () => privateHost(missing, "vpce-3"),
        (error: Error) => {
          assert.match(
            error.message,
            /^Atlas has no connection string for the private endpoint vpce-3 yet\./,
          );
          assert.equal(error.stack, error.message);
          return true;
        },
      );
    }
  });
});
