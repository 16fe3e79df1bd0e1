//go:build tools

// Names the commands to build, so that go.mod and go.sum cover everything beneath them.
package tools

import (
	_ "github.com/prometheus/alertmanager/cmd/alertmanager"
	_ "github.com/prometheus/alertmanager/cmd/amtool"
)
