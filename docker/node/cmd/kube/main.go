// Command kube is every Go program of Maru's Kubernetes node in one file: the upstream programs, unchanged, behind one
// `main` that looks at the name it was called by (`kubelet`, `etcd`, ... are links to it) or at its first argument.
//
// One file shares the 120 MB of libraries that all of them have in common, on disk, in the page cache and in the build.
// `controllers` goes a step further and runs several of them in one process (controllers.go).
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	// Time zones for CronJobs: the image has no tzdata.
	_ "time/tzdata"

	_ "k8s.io/client-go/plugin/pkg/client/auth"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// Each program takes its own arguments from os.Args and ends the process itself or returns its exit code.
var programs = map[string]func() int{
	"controllers":    controllers,
	"coredns":        coreDNS,
	"etcd":           etcd,
	"kube-apiserver": apiServer,
	"kubectl":        kubectl,
	"kubelet":        kubelet,
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
	go giveBack()
	os.Exit(run())
}

// giveBack returns to the machine what a start or a busy hour has left unused: the runtime by itself keeps it for long. A
// collection takes 0.1 s of a core for the largest of the programs.
func giveBack() {
	for range time.Tick(time.Minute) {
		debug.FreeOSMemory()
	}
}
