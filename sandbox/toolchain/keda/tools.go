//go:build tools

// Package toolchain pins the programs that the sandbox builds from source.
package toolchain

import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
)
