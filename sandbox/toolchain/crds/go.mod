module retrofitlink.local/toolchain/crds

go 1.26.0

// Only the YAML files inside these modules are used; nothing is compiled.
require (
	github.com/aws/karpenter-provider-aws v1.14.1
	github.com/cert-manager/cert-manager v1.19.1
	github.com/kedacore/keda/v2 v2.21.0
	github.com/percona/percona-server-mongodb-operator v1.22.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	k8s.io/autoscaler/vertical-pod-autoscaler v1.7.1
	sigs.k8s.io/gateway-api v1.4.0
)
