//go:build tools

// Package toolchain pins the programs that the sandbox builds from source. They are a module of their own, so that the
// API server keeps the dependencies with which Kubernetes was released; these take the same ones.
package toolchain

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
	_ "sigs.k8s.io/metrics-server/cmd/metrics-server"
)
