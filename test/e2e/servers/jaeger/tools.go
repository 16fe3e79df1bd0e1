//go:build tools

// Names the command to build, so that go.mod and go.sum cover everything beneath it.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/jaeger"
