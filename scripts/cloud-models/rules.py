"""
Writes the tables of what vendors say of the properties of resource types: sandbox/providers/clouds/tables/*.rules.json.
By hand, when a model changed or a type came into types.ts; nothing of the project needs Python otherwise.

    pip install botocore google-api-python-client
    python3 scripts/cloud-models/rules.py --google DIR --cloudflare DIR --mongodbatlas DIR [--check]

Each DIR is a checkout (or a bare clone) of hashicorp/terraform-provider-google-beta, cloudflare/terraform-provider-cloudflare,
mongodb/terraform-provider-mongodbatlas. --check writes nothing and fails when a table differs from its sources.
"""
import argparse
import gzip
import json
import pathlib
import re
import subprocess
import sys

import aws
import google
from terraform import Source

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = ROOT / "sandbox/providers/clouds/tables"

CLOUDFLARE = {
    "argoTieredCaching:ArgoTieredCaching": "argo_tiered_caching",
    "authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings": "authenticated_origin_pulls_settings",
    "cloudConnectorRules:CloudConnectorRules": "cloud_connector_rules",
    "dnsRecord:DnsRecord": "dns_record",
    "loadBalancer:LoadBalancer": "load_balancer",
    "loadBalancerMonitor:LoadBalancerMonitor": "load_balancer_monitor",
    "loadBalancerPool:LoadBalancerPool": "load_balancer_pool",
    "originCaCertificate:OriginCaCertificate": "origin_ca_certificate",
    "r2Bucket:R2Bucket": "r2_bucket",
    "r2CustomDomain:R2CustomDomain": "r2_custom_domain",
    "ruleset:Ruleset": "ruleset",
    "tieredCache:TieredCache": "tiered_cache",
    "zoneCacheReserve:ZoneCacheReserve": "zone_cache_reserve",
    "zoneCacheVariants:ZoneCacheVariants": "zone_cache_variants",
    "zoneSetting:ZoneSetting": "zone_setting",
}

ATLAS = {
    "advancedCluster:AdvancedCluster": (["advancedcluster/schema.go"], "resourceSchema"),
    "alertConfiguration:AlertConfiguration": (["alertconfiguration/resource.go"], "Schema"),
    "cloudBackupSchedule:CloudBackupSchedule": (["cloudbackupschedule/resource_cloud_backup_schedule.go"], "Resource"),
    "customDbRole:CustomDbRole": (["customdbrole/resource.go"], "Resource"),
    "databaseUser:DatabaseUser": (["databaseuser/resource_database_user.go"], "Schema"),
    "privateLinkEndpoint:PrivateLinkEndpoint": (["privatelinkendpoint/resource.go"], "Resource"),
    "privateLinkEndpointService:PrivateLinkEndpointService": (["privatelinkendpointservice/resource.go"], "Resource"),
}


class Checkout:
    def __init__(self, folder):
        self.folder = folder
        self.commit = self.git("rev-parse", "--short=12", "HEAD").strip()

    def git(self, *args):
        return subprocess.check_output(["git", "-C", self.folder, *args], text=True)

    def read(self, path):
        return self.git("show", f"HEAD:{path}")


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def spellings(name):
    """The SDK has lists in the plural."""
    base = camel(name)
    yield base
    yield base + "s"
    yield base + "es"
    if base.endswith("y"):
        yield base[:-1] + "ies"


def names(attributes, properties):
    """Name of the SDK by name of Terraform."""
    lower = {name.lower(): name for name in properties}
    found = {}
    for name in attributes:
        match = next((lower[s.lower()] for s in spellings(name) if s.lower() in lower), None)
        if match is not None:
            found[name] = match
    return found


def terraform_rules(attributes, properties, shapes, prefix="", tf_prefix="", paths=None, known=None):
    paths = {} if paths is None else paths
    known = {} if known is None else known
    for name, mapped in names(attributes, properties).items():
        facts = attributes[name]
        kind = properties[mapped].lstrip("!")
        at = f"{prefix}{mapped}"
        known[f"{tf_prefix}{name}"] = at
        own = {key: facts[key] for key in ("enum", "ignoreCase", "pattern", "range", "length", "items", "immutable") if key in facts}
        listed = kind.startswith("[]")
        if listed and "enum" in own:
            paths.setdefault(f"{at}[]", {}).update({"enum": own.pop("enum")})
        if not listed and not kind.startswith("{}"):
            own.pop("items", None)
        if own:
            paths.setdefault(at, {}).update(own)
        if listed and "element" in facts:
            inner = {key: facts["element"][key] for key in ("enum", "ignoreCase", "pattern", "range", "length") if key in facts["element"]}
            if inner:
                paths.setdefault(f"{at}[]", {}).update(inner)
        inner_kind = kind[2:] if listed else kind
        if "nested" in facts and inner_kind.startswith("#"):
            terraform_rules(
                facts["nested"], shapes[inner_kind[1:]], shapes,
                f"{at}[]." if listed else f"{at}.", f"{tf_prefix}{name}.0.", paths, known,
            )
    return paths, known


def groups(attributes, known, prefix=""):
    """Properties that exclude or need each other, where all of them are properties of the SDK that no list hides."""
    found = []

    def add(kind, members):
        mapped = sorted({known[m] for m in members if m in known and "[]" not in known[m]})
        if len(mapped) == len(set(members)) > 1 and [kind, mapped] not in found:
            found.append([kind, mapped])

    def visit(inner, at):
        for name, facts in inner.items():
            if "conflicts" in facts:
                for other in facts["conflicts"]:
                    add("conflicts", [f"{at}{name}", other])
            for kind in ("exactlyOneOf", "atLeastOneOf"):
                if kind in facts:
                    add(kind, facts[kind])
            if "nested" in facts:
                visit(facts["nested"], f"{at}{name}.0.")

    visit(attributes, prefix)
    return found


def usable(facts):
    """Alphabets in a dialect that JavaScript does not read are left out, as is what allows everything."""
    kept = dict(facts)
    pattern = kept.get("pattern")
    if pattern is not None and (re.search(r"\\p|\(\?[imsx]|\[\[:|\\z|\\A", pattern) or pattern in (".*", ".+", "[\\s\\S]*")):
        del kept["pattern"]
    return kept


def botocore_model(service):
    import botocore

    folder = pathlib.Path(botocore.__file__).parent / "data" / service
    version = sorted(folder.iterdir())[-1]
    return json.loads(gzip.decompress((version / "service-2.json.gz").read_bytes()))


def aws_table(shape_table):
    import botocore

    resources = {}
    for short, (service, create, changes, _, renames) in aws.AWS.items():
        model = botocore_model(service)
        type_ = f"aws:{short}"
        properties = shape_table["resources"][type_]
        out = {}
        aws.walk(model, model["shapes"][create], properties, shape_table["shapes"], renames, "", out, frozenset())
        out = {path: {**usable(anchored(facts))} for path, facts in out.items()}
        if changes is not None:
            created = {aws.normal(n) for n in model["shapes"][create]["members"]}
            changed = {aws.normal(n) for shape in changes for n in model["shapes"][shape]["members"]}
            for name in properties:
                wanted = [aws.normal(renames[name])] if name in renames else list(aws.variants(name))
                if any(w in created for w in wanted) and not any(w in changed for w in wanted) and name not in ("tags", "region"):
                    out.setdefault(name, {})["immutable"] = True
        resources[type_] = {"source": f"botocore {service} {create}", "paths": out, "groups": []}
    for type_, properties in shape_table["resources"].items():
        entry = resources.setdefault(type_, {"source": "the provider's documentation", "paths": {}, "groups": []})
        replaced, kept = aws.IMMUTABLE.get(type_.removeprefix("aws:"), (set(), set()))
        for name in sorted(replaced | ({"region"} & properties.keys())):
            entry["paths"].setdefault(name, {})["immutable"] = True
        for name in kept & entry["paths"].keys():
            entry["paths"][name].pop("immutable", None)
        entry["paths"] = tidy(entry["paths"])
    return {"source": f"botocore {botocore.__version__}", "resources": resources}


def anchored(facts):
    """AWS' patterns are meant for the whole text."""
    pattern = facts.get("pattern")
    if pattern is None:
        return facts
    return {**facts, "pattern": f"^(?:{pattern})$"}


def tidy(paths):
    return {path: facts for path, facts in sorted(paths.items()) if facts}


def gcp_table(shape_table, checkout):
    import googleapiclient
    from importlib.metadata import version

    documents = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache/documents"
    resources = {}
    for short, (document, schema, file, constructor) in google.GCP.items():
        type_ = f"gcp:{short}"
        properties = shape_table["resources"][type_]
        shapes = {**shape_table["shapes"], "": properties}
        api = {}
        described = json.loads((documents / f"{document}.json").read_text())
        google.visit(described, {"$ref": schema}, "#", shapes, "", api)
        paths, found = {}, []
        source = [f"discovery {document} {schema}"]
        if constructor is not None:
            attributes = Source([checkout.read(f"google-beta/services/{file}")]).schema(constructor)
            paths, known = terraform_rules(attributes, properties, shapes)
            found = groups(attributes, known)
            source.append(f"terraform-provider-google-beta {file}")
        for path, facts in api.items():
            of_provider = paths.setdefault(path, {})
            for key, value in facts.items():
                of_provider.setdefault(key, value)
        resources[type_] = {"source": ", ".join(source), "paths": tidy({p: usable(f) for p, f in paths.items()}), "groups": found}
    title = f"google-api-python-client {version('google-api-python-client')}, terraform-provider-google-beta {checkout.commit}"
    return {"source": title, "resources": resources}


def plain_table(cloud, shape_table, checkout, entries, repository):
    resources = {}
    for short, (files, constructor) in entries.items():
        type_ = f"{cloud}:index/{short}"
        properties = shape_table["resources"][type_]
        attributes = Source([checkout.read(file) for file in files]).schema(constructor)
        paths, known = terraform_rules(attributes, properties, shape_table["shapes"])
        resources[type_] = {
            "source": f"{repository} {files[0]}",
            "paths": tidy({p: usable(f) for p, f in paths.items()}),
            "groups": groups(attributes, known),
        }
    return {"source": f"{repository} {checkout.commit}", "resources": resources}


def tables(options):
    shape_tables = {c: json.loads((TABLES / f"{c}.shapes.json").read_text()) for c in ("aws", "gcp", "cloudflare", "mongodbatlas")}
    yield "aws", aws_table(shape_tables["aws"])
    yield "gcp", gcp_table(shape_tables["gcp"], Checkout(options.google))
    cloudflare = {short: ([f"internal/services/{folder}/schema.go"], "ResourceSchema") for short, folder in CLOUDFLARE.items()}
    yield "cloudflare", plain_table("cloudflare", shape_tables["cloudflare"], Checkout(options.cloudflare), cloudflare, "terraform-provider-cloudflare")
    atlas = {short: ([f"internal/service/{file}" for file in files], constructor) for short, (files, constructor) in ATLAS.items()}
    yield "mongodbatlas", plain_table("mongodbatlas", shape_tables["mongodbatlas"], Checkout(options.mongodbatlas), atlas, "terraform-provider-mongodbatlas")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("google", "cloudflare", "mongodbatlas"):
        parser.add_argument(f"--{name}", required=True, metavar="DIR")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    differing = []
    for cloud, table in tables(options):
        path = TABLES / f"{cloud}.rules.json"
        text = json.dumps(table, indent=1, ensure_ascii=False) + "\n"
        if options.check:
            if not path.exists() or path.read_text() != text:
                differing.append(path.name)
        else:
            path.write_text(text)
    if differing:
        sys.exit(f"these differ from their sources: {', '.join(differing)}")


if __name__ == "__main__":
    main()
