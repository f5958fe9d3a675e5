// Command controlplane is a Kubernetes control plane in one program: each subcommand is one of its processes.
//
//	controlplane etcd --data-dir D --client-url http://127.0.0.1:P --peer-url http://127.0.0.1:Q
//	controlplane kube-apiserver | kube-controller-manager | kube-scheduler <their usual flags>
//
// Every process builds only its own command: the constructors register global flags, metrics and signal
// handlers that get in each other's way.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/restclient"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/component-base/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var commands = map[string]func() *cobra.Command{
	"etcd":                    etcdCommand,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
}

// endWithParent ends this process at once when its standard input closes, if its parent asked for that. The
// parent holds the other end of the pipe, so this works for every way a parent can end, SIGKILL included.
func endWithParent() {
	if os.Getenv("CONTROLPLANE_END_WITH_STDIN") == "" {
		return
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		fmt.Println(version.Get().GitVersion)
		return
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|version [flags]")
		os.Exit(2)
	}
	go endWithParent()
	command := commands[os.Args[1]]()
	command.SetArgs(os.Args[2:])
	os.Exit(cli.Run(command))
}
