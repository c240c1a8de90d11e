"""Where the models of AWS' APIs speak of a resource type: service, operation that creates, operations that change."""

# type: (service, shape of the creation, shapes of the changes or None where that is not to be derived,
#        member of the shape that holds the properties, names that differ)
AWS = {
    "acm/certificate:Certificate": ("acm", "RequestCertificateRequest", [], None, {}),
    "cloudfront/cachePolicy:CachePolicy": (
        "cloudfront", "CachePolicyConfig", None, None,
        {"defaultTtl": "DefaultTTL", "maxTtl": "MaxTTL", "minTtl": "MinTTL"},
    ),
    "cloudfront/distribution:Distribution": (
        "cloudfront", "DistributionConfig", None, None,
        {"orderedCacheBehaviors": "CacheBehaviors", "lambdaFunctionAssociations": "LambdaFunctionAssociations",
         "customErrorResponses": "CustomErrorResponses", "originId": "Id"},
    ),
    "cloudfront/function:Function": ("cloudfront", "CreateFunctionRequest", None, None, {}),
    "cloudfront/keyGroup:KeyGroup": ("cloudfront", "KeyGroupConfig", None, None, {}),
    "cloudfront/monitoringSubscription:MonitoringSubscription": ("cloudfront", "CreateMonitoringSubscriptionRequest", None, None, {}),
    "cloudfront/originAccessControl:OriginAccessControl": (
        "cloudfront", "OriginAccessControlConfig", None, None, {"originAccessControlOriginType": "OriginAccessControlOriginType"},
    ),
    "cloudfront/originRequestPolicy:OriginRequestPolicy": ("cloudfront", "OriginRequestPolicyConfig", None, None, {}),
    "cloudfront/publicKey:PublicKey": ("cloudfront", "PublicKeyConfig", None, None, {}),
    "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": ("cloudfront", "ResponseHeadersPolicyConfig", None, None, {}),
    "cloudwatch/logDelivery:LogDelivery": ("logs", "CreateDeliveryRequest", None, None, {}),
    "cloudwatch/logDeliveryDestination:LogDeliveryDestination": ("logs", "PutDeliveryDestinationRequest", None, None, {}),
    "cloudwatch/logDeliverySource:LogDeliverySource": ("logs", "PutDeliverySourceRequest", None, None, {}),
    "cloudwatch/logGroup:LogGroup": ("logs", "CreateLogGroupRequest", None, None, {"name": "logGroupName"}),
    "cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "PutMetricAlarmInput", None, None, {"name": "AlarmName"}),
    "ec2/securityGroup:SecurityGroup": ("ec2", "CreateSecurityGroupRequest", [], None, {"name": "GroupName"}),
    "ec2/vpcEndpoint:VpcEndpoint": ("ec2", "CreateVpcEndpointRequest", ["ModifyVpcEndpointRequest"], None, {}),
    "eks/podIdentityAssociation:PodIdentityAssociation": (
        "eks", "CreatePodIdentityAssociationRequest", ["UpdatePodIdentityAssociationRequest"], None, {},
    ),
    "elasticache/parameterGroup:ParameterGroup": (
        "elasticache", "CreateCacheParameterGroupMessage", [], None,
        {"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"},
    ),
    "elasticache/replicationGroup:ReplicationGroup": (
        "elasticache", "CreateReplicationGroupMessage", ["ModifyReplicationGroupMessage"], None,
        {"nodeType": "CacheNodeType", "description": "ReplicationGroupDescription",
         "parameterGroupName": "CacheParameterGroupName", "subnetGroupName": "CacheSubnetGroupName"},
    ),
    "elasticache/subnetGroup:SubnetGroup": (
        "elasticache", "CreateCacheSubnetGroupMessage", ["ModifyCacheSubnetGroupMessage"], None, {"name": "CacheSubnetGroupName"},
    ),
    "iam/role:Role": ("iam", "CreateRoleRequest", None, None, {"name": "RoleName"}),
    "iam/rolePolicy:RolePolicy": ("iam", "PutRolePolicyRequest", None, None, {"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"}),
    "lambda/function:Function": (
        "lambda", "CreateFunctionRequest", ["UpdateFunctionConfigurationRequest", "UpdateFunctionCodeRequest"], None,
        {"name": "FunctionName"},
    ),
    "lambda/functionUrl:FunctionUrl": ("lambda", "CreateFunctionUrlConfigRequest", None, None, {"authorizationType": "AuthType"}),
    "lambda/permission:Permission": ("lambda", "AddPermissionRequest", [], None, {"function": "FunctionName"}),
    "lb/listener:Listener": ("elbv2", "CreateListenerInput", ["ModifyListenerInput"], None, {}),
    "lb/listenerRule:ListenerRule": ("elbv2", "CreateRuleInput", ["ModifyRuleInput", "SetRulePrioritiesInput"], None, {}),
    "lb/loadBalancer:LoadBalancer": ("elbv2", "CreateLoadBalancerInput", None, None, {"loadBalancerType": "Type"}),
    "lb/targetGroup:TargetGroup": ("elbv2", "CreateTargetGroupInput", ["ModifyTargetGroupInput"], None, {}),
    "route53/record:Record": ("route53", "ResourceRecordSet", None, None, {}),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ("s3", "BucketLifecycleConfiguration", None, None, {}),
    "s3/bucketOwnershipControls:BucketOwnershipControls": ("s3", "OwnershipControls", None, None, {"rule": "Rules"}),
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ("s3", "ServerSideEncryptionConfiguration", None, None, {}),
    "s3/bucketVersioning:BucketVersioning": ("s3", "PutBucketVersioningRequest", None, None, {}),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("ec2", "SecurityGroupRuleRequest", None, None, {"cidrIpv4": "CidrIpv4"}),
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("ec2", "SecurityGroupRuleRequest", None, None, {}),
    "wafv2/webAcl:WebAcl": ("wafv2", "CreateWebACLRequest", ["UpdateWebACLRequest"], None, {}),
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ("wafv2", "LoggingConfiguration", None, None, {}),
}

# What the provider replaces beyond, or in spite of, what the operations say: (is replaced, is not). It changes some by an
# operation of their own (IncreaseReplicaCount, SetRulePriorities, UpdateCertificateOptions, …), and has some types of its
# own making, which no single operation makes. From the provider's documentation and schemas.
IMMUTABLE = {
    "acm/certificate:Certificate": ({"certificateBody"}, {"options"}),
    "acm/certificateValidation:CertificateValidation": ({"certificateArn", "validationRecordFqdns"}, set()),
    "cloudfront/distribution:Distribution": ({"staging"}, set()),
    "cloudfront/function:Function": ({"name"}, set()),
    "cloudfront/monitoringSubscription:MonitoringSubscription": ({"distributionId"}, set()),
    "cloudfront/publicKey:PublicKey": ({"encodedKey", "name", "namePrefix"}, set()),
    "cloudwatch/logDelivery:LogDelivery": ({"deliveryDestinationArn", "deliverySourceName"}, set()),
    "cloudwatch/logDeliveryDestination:LogDeliveryDestination": ({"name"}, set()),
    "cloudwatch/logDeliverySource:LogDeliverySource": ({"name", "resourceArn"}, set()),
    "cloudwatch/logGroup:LogGroup": ({"name", "namePrefix", "logGroupClass"}, set()),
    "cloudwatch/metricAlarm:MetricAlarm": ({"name"}, set()),
    "ec2/securityGroup:SecurityGroup": ({"namePrefix"}, set()),
    "ec2/vpcEndpoint:VpcEndpoint": (set(), {"routeTableIds", "securityGroupIds", "subnetIds"}),
    "eks/podIdentityAssociation:PodIdentityAssociation": ({"clusterName"}, set()),
    "elasticache/replicationGroup:ReplicationGroup": (
        {"replicationGroupId", "subnetGroupName"},
        {"nodeGroupConfigurations", "numCacheClusters", "numNodeGroups", "replicasPerNodeGroup", "preferredCacheClusterAzs"},
    ),
    "elasticache/subnetGroup:SubnetGroup": ({"name"}, set()),
    "iam/role:Role": ({"name", "namePrefix", "path"}, set()),
    "iam/rolePolicy:RolePolicy": ({"name", "namePrefix", "role"}, set()),
    "lambda/function:Function": ({"name", "packageType"}, {"code", "codeSigningConfigArn"}),
    "lambda/functionUrl:FunctionUrl": ({"functionName", "qualifier"}, set()),
    "lb/listenerRule:ListenerRule": (set(), {"priority"}),
    "lb/loadBalancer:LoadBalancer": ({"internal", "loadBalancerType", "name", "namePrefix", "customerOwnedIpv4Pool"}, set()),
    "lb/targetGroup:TargetGroup": ({"namePrefix"}, set()),
    "route53/record:Record": ({"name", "zoneId"}, set()),
    "s3/bucket:Bucket": ({"bucket", "bucketPrefix", "objectLockEnabled"}, set()),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ({"bucket"}, set()),
    "s3/bucketOwnershipControls:BucketOwnershipControls": ({"bucket"}, set()),
    "s3/bucketPolicy:BucketPolicy": ({"bucket"}, set()),
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ({"bucket"}, set()),
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ({"bucket"}, set()),
    "s3/bucketVersioning:BucketVersioning": ({"bucket"}, set()),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": ({"securityGroupId"}, set()),
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": ({"securityGroupId"}, set()),
    "wafv2/webAcl:WebAcl": ({"name", "namePrefix", "scope"}, set()),
    "wafv2/webAclAssociation:WebAclAssociation": ({"resourceArn", "webAclArn"}, set()),
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ({"resourceArn"}, set()),
}


def normal(name):
    return "".join(c for c in name.lower() if c.isalnum())


def variants(name):
    base = normal(name)
    yield base
    yield base + "s"
    if base.endswith("ies"):
        yield base[:-3] + "y"
    if base.endswith("es"):
        yield base[:-2]
    if base.endswith("s"):
        yield base[:-1]


def unwrapped(model, shape):
    """CloudFront has its lists in structures of a quantity and the items."""
    members = shape.get("members", {})
    if shape["type"] == "structure" and "Items" in members:
        return model["shapes"][members["Items"]["shape"]]
    return shape


def number(value):
    return int(value) if float(value).is_integer() else float(value)


def leaf(shape):
    facts = {}
    if "enum" in shape:
        facts["enum"] = shape["enum"]
    if "pattern" in shape:
        facts["pattern"] = shape["pattern"]
    bounds = [shape.get("min"), shape.get("max")]
    if any(bound is not None for bound in bounds):
        key = {"string": "length", "list": "items", "map": "items"}.get(shape["type"], "range")
        facts[key] = [None if bound is None else number(bound) for bound in bounds]
    return facts


def walk(model, shape, properties, shapes, renames, prefix, out, seen):
    members = {normal(name): (name, member) for name, member in shape.get("members", {}).items()}
    for name, kind in properties.items():
        kind = kind.lstrip("!")
        wanted = [normal(renames[name])] if name in renames and normal(renames[name]) in members else list(variants(name))
        found = next((members[v] for v in wanted if v in members), None)
        if found is None:
            continue
        inner = model["shapes"][found[1]["shape"]]
        visit(model, inner, kind, shapes, renames, f"{prefix}{name}", out, seen)


def visit(model, shape, kind, shapes, renames, path, out, seen):
    shape = unwrapped(model, shape)
    if kind.startswith("[]"):
        if shape["type"] != "list":
            return
        facts = leaf(shape)
        if facts:
            out.setdefault(path, {}).update(facts)
        visit(model, model["shapes"][shape["member"]["shape"]], kind[2:], shapes, renames, f"{path}[]", out, seen)
    elif kind.startswith("#"):
        if shape["type"] == "list":
            shape = unwrapped(model, model["shapes"][shape["member"]["shape"]])
        key = (kind, id(shape))
        if shape["type"] != "structure" or key in seen:
            return
        walk(model, shape, shapes[kind[1:]], shapes, renames, f"{path}.", out, seen | {key})
    elif kind == "string" and shape["type"] in ("string",) or kind == "number" and shape["type"] in ("integer", "long", "float", "double"):
        facts = leaf(shape)
        if facts:
            out.setdefault(path, {}).update(facts)
