"""Where Google's discovery documents and the Terraform provider speak of a resource type."""

# type: (discovery document, schema, file of the provider under google-beta/services, constructor)
GCP = {
    "certificatemanager/certificate:Certificate": ("certificatemanager.v1", "Certificate", "certificatemanager/resource_certificate_manager_certificate.go", "ResourceCertificateManagerCertificate"),
    "certificatemanager/certificateMap:CertificateMap": ("certificatemanager.v1", "CertificateMap", "certificatemanager/resource_certificate_manager_certificate_map.go", "ResourceCertificateManagerCertificateMap"),
    "certificatemanager/certificateMapEntry:CertificateMapEntry": ("certificatemanager.v1", "CertificateMapEntry", "certificatemanager/resource_certificate_manager_certificate_map_entry.go", "ResourceCertificateManagerCertificateMapEntry"),
    "certificatemanager/dnsAuthorization:DnsAuthorization": ("certificatemanager.v1", "DnsAuthorization", "certificatemanager/resource_certificate_manager_dns_authorization.go", "ResourceCertificateManagerDnsAuthorization"),
    "cloudfunctionsv2/function:Function": ("cloudfunctions.v2", "Function", "cloudfunctions2/resource_cloudfunctions2_function.go", "ResourceCloudfunctions2function"),
    "compute/address:Address": ("compute.v1", "Address", "compute/resource_compute_address.go", "ResourceComputeAddress"),
    "compute/backendService:BackendService": ("compute.v1", "BackendService", "compute/resource_compute_backend_service.go", "ResourceComputeBackendService"),
    "compute/firewall:Firewall": ("compute.v1", "Firewall", "compute/resource_compute_firewall.go", "ResourceComputeFirewall"),
    "compute/forwardingRule:ForwardingRule": ("compute.v1", "ForwardingRule", "compute/resource_compute_forwarding_rule.go", "ResourceComputeForwardingRule"),
    "compute/globalAddress:GlobalAddress": ("compute.v1", "Address", "compute/resource_compute_global_address.go", "ResourceComputeGlobalAddress"),
    "compute/globalForwardingRule:GlobalForwardingRule": ("compute.v1", "ForwardingRule", "compute/resource_compute_global_forwarding_rule.go", "ResourceComputeGlobalForwardingRule"),
    "compute/healthCheck:HealthCheck": ("compute.v1", "HealthCheck", "compute/resource_compute_health_check.go", "ResourceComputeHealthCheck"),
    "compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": ("compute.v1", "NetworkEndpointGroup", "compute/resource_compute_region_network_endpoint_group.go", "ResourceComputeRegionNetworkEndpointGroup"),
    "compute/sSLPolicy:SSLPolicy": ("compute.v1", "SslPolicy", "compute/resource_compute_ssl_policy.go", "ResourceComputeSslPolicy"),
    "compute/securityPolicy:SecurityPolicy": ("compute.v1", "SecurityPolicy", "compute/resource_compute_security_policy.go", "ResourceComputeSecurityPolicy"),
    "compute/targetHttpProxy:TargetHttpProxy": ("compute.v1", "TargetHttpProxy", "compute/resource_compute_target_http_proxy.go", "ResourceComputeTargetHttpProxy"),
    "compute/targetHttpsProxy:TargetHttpsProxy": ("compute.v1", "TargetHttpsProxy", "compute/resource_compute_target_https_proxy.go", "ResourceComputeTargetHttpsProxy"),
    "compute/uRLMap:URLMap": ("compute.v1", "UrlMap", "compute/resource_compute_url_map.go", "ResourceComputeUrlMap"),
    "dns/recordSet:RecordSet": ("dns.v1", "ResourceRecordSet", "dns/resource_dns_record_set.go", "ResourceDnsRecordSet"),
    "logging/projectBucketConfig:ProjectBucketConfig": ("logging.v2", "LogBucket", "logging/resource_logging_project_bucket_config.go", None),
    "logging/projectSink:ProjectSink": ("logging.v2", "LogSink", "logging/resource_logging_sink.go", "resourceLoggingSinkSchema"),
    "redis/instance:Instance": ("redis.v1", "Instance", "redis/resource_redis_instance.go", "ResourceRedisInstance"),
    "serviceaccount/account:Account": ("iam.v1", "ServiceAccount", "resourcemanager/resource_google_service_account.go", "ResourceGoogleServiceAccount"),
    "storage/bucket:Bucket": ("storage.v1", "Bucket", "storage/resource_storage_bucket.go", "ResourceStorageBucket"),
    "storage/bucketObject:BucketObject": ("storage.v1", "Object", "storage/resource_storage_bucket_object.go", "ResourceStorageBucketObject"),
    "storage/hmacKey:HmacKey": ("storage.v1", "HmacKeyMetadata", "storage/resource_storage_hmac_key.go", "ResourceStorageHmacKey"),
}


def visit(document, schema, kind, shapes, path, out, depth=0):
    """Bounds and alphabets of a discovery document, by the paths of the SDK."""
    if "$ref" in schema:
        schema = document["schemas"][schema["$ref"]]
    if kind.startswith("[]") and schema.get("type") == "array":
        visit(document, schema["items"], kind[2:], shapes, f"{path}[]", out, depth + 1)
    elif kind.startswith("#") and depth < 12:
        properties = schema.get("properties", {})
        for name, inner in shapes[kind[1:]].items():
            found = next((properties[n] for n in (name, name[:-1], name + "s") if n in properties), None)
            if found is not None:
                visit(document, found, inner.lstrip("!"), shapes, f"{path}.{name}" if path else name, out, depth + 1)
    elif kind in ("string", "number"):
        facts = {}
        if kind == "string" and "pattern" in schema and path.split(".")[-1] == "name":
            facts["pattern"] = f"^(?:{schema['pattern']})$"
        if kind == "string" and "enum" in schema:
            facts["enum"] = schema["enum"]
        if kind == "number" and ("minimum" in schema or "maximum" in schema):
            low, high = schema.get("minimum"), schema.get("maximum")
            facts["range"] = [None if low is None else int(low), None if high is None else int(high)]
        if facts:
            out.setdefault(path, {}).update(facts)
