//go:build tools

// Names the linter of workflows that tests run, so that go.mod keeps its version.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
