// Command node is the first process of Maru's Kubernetes node: it prepares the container, starts containerd and the
// Kubernetes components as child processes in the order in which they need each other, starts again what dies, keeps
// their logs bounded, and ends them in order.
//
// It expects the certificates of crate `cluster` under /etc/maru/pki, and its settings in MARU_* variables (settings.go).
// What is kept between two lives of the container is under /var/lib/maru, and nothing else is.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		say("ends: %v", err)
		os.Exit(1)
	}
}

func run() error {
	settings, err := settingsFromEnvironment()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	reap()

	say("preparing the container")
	if err := prepare(settings); err != nil {
		return err
	}
	if err := writeFiles(settings); err != nil {
		return err
	}
	children := &family{}
	err = start(ctx, settings, children)
	if err == nil {
		say("everything is started")
		<-ctx.Done()
	}
	say("stopping")
	endPods(4 * time.Second)
	children.stop()
	syscall.Sync()
	return err
}

// say writes one line to the container's log: progress, and what died.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stdout, "%s node: %s\n", time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}
