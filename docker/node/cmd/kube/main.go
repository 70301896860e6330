// Command kube is every Go program of Maru's Kubernetes node in one file: the upstream programs, unchanged, behind one
// `main` that looks at the name it was called by (`kubelet`, `etcd`, ... are links to it) or at its first argument.
//
// One file shares the 120 MB of libraries that all of them have in common, on disk, in the page cache and in the build.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	// Time zones for CronJobs: the image has no tzdata.
	_ "time/tzdata"

	_ "k8s.io/client-go/plugin/pkg/client/auth"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// Each program takes its own arguments from os.Args and ends the process itself or returns its exit code.
var programs = map[string]func() int{
	"argo-rollouts":           argoRollouts,
	"coredns":                 coreDNS,
	"etcd":                    etcd,
	"kube-apiserver":          apiServer,
	"kube-controller-manager": controllerManager,
	"kube-proxy":              kubeProxy,
	"kube-scheduler":          scheduler,
	"kubectl":                 kubectl,
	"kubelet":                 kubelet,
	"local-path":              localPath,
	"metrics-server":          metricsServer,
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, known := programs[name]; !known && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	run, known := programs[name]
	if !known {
		names := make([]string, 0, len(programs))
		for name := range programs {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "usage: kube PROGRAM [ARGUMENTS]\nprograms: %s\n", strings.Join(names, " "))
		os.Exit(2)
	}
	os.Exit(run())
}
