//go:build tools

// Package toolchain pins the programs that the sandbox builds from source.
package toolchain

import (
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
)
