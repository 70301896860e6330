package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/tools/cache"
	logsapi "k8s.io/component-base/logs/api/v1"
	controllerapp "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxyapp "k8s.io/kubernetes/cmd/kube-proxy/app"
	schedulerapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	metricsapp "sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

// tenant makes ready, from its arguments, a program that can share its process with others.
type tenant func(arguments []string) program

// program runs until it fails or ctx ends.
type program func(ctx context.Context) error

var tenants = map[string]tenant{
	"argo-rollouts": argoRollouts,
	"kube-controller-manager": func(arguments []string) program {
		return command(controllerapp.NewControllerManagerCommand(), arguments)
	},
	"kube-proxy":     func(arguments []string) program { return command(proxyapp.NewProxyCommand(), arguments) },
	"kube-scheduler": scheduler,
	"local-path":     localPath,
	"metrics-server": metricsServer,
	"network-policy": networkPolicy,
}

// controllers runs programs in one process that each would take 20 MiB and more for a copy of the same tables. Its arguments
// are theirs, `NAME ARGUMENTS... -- NAME ARGUMENTS...`; `after=FILE` before a name lets that one wait for the file. When one
// fails all end, and whoever started the process starts it again.
func controllers() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Each sets up the same logs; the first time is here, while nobody logs yet.
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	if err := logsapi.ValidateAndApply(logsapi.NewLoggingConfiguration(), utilfeature.DefaultFeatureGate); err != nil {
		fmt.Fprintln(os.Stderr, "controllers:", err)
		return 1
	}
	// Two steps: what makes a program ready touches tables that all share.
	ready := map[string]program{}
	for _, part := range split(os.Args[1:], "--") {
		after := ""
		if file, waits := strings.CutPrefix(part[0], "after="); waits {
			after, part = file, part[1:]
		}
		make, known := tenants[part[0]]
		if !known {
			fmt.Fprintf(os.Stderr, "controllers: there is no %s\n", part[0])
			return 2
		}
		run := make(part[1:])
		ready[part[0]] = func(ctx context.Context) error {
			if err := exists(ctx, after); err != nil {
				return err
			}
			return run(ctx)
		}
	}
	failed := make(chan error)
	for name, run := range ready {
		go func() { failed <- fmt.Errorf("%s: %w", name, run(ctx)) }()
	}
	err := <-failed
	if ctx.Err() != nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "controllers:", err)
	return 1
}

func split(all []string, separator string) [][]string {
	parts := [][]string{}
	part := []string{}
	for _, argument := range append(all, separator) {
		if argument != separator {
			part = append(part, argument)
			continue
		}
		if len(part) > 0 {
			parts = append(parts, part)
		}
		part = []string{}
	}
	return parts
}

// exists waits for a file.
func exists(ctx context.Context, path string) error {
	for path != "" {
		if _, err := os.Stat(path); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func command(command *cobra.Command, arguments []string) program {
	command.SetArgs(arguments)
	command.SilenceUsage = true
	return command.ExecuteContext
}

// scheduler is wired as upstream's command does it, but for the signals: one handler of them in a process is all that upstream
// allows, and the controller manager's command has it.
func scheduler(arguments []string) program {
	opts := scheduleroptions.NewOptions()
	flags := pflag.NewFlagSet("kube-scheduler", pflag.ContinueOnError)
	for _, some := range opts.Flags.FlagSets {
		flags.AddFlagSet(some)
	}
	wrong := flags.Parse(arguments)
	return func(ctx context.Context) error {
		if wrong != nil {
			return wrong
		}
		name, err := cache.NewInformerName("kube-scheduler")
		if err != nil {
			return err
		}
		opts.InformerName = name
		config, instance, err := schedulerapp.Setup(ctx, opts)
		if err != nil {
			return err
		}
		return schedulerapp.Run(ctx, config, instance)
	}
}

func metricsServer(arguments []string) program {
	return func(ctx context.Context) error {
		return command(metricsapp.NewMetricsServerCommand(ctx.Done()), arguments)(ctx)
	}
}
