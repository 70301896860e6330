package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
)

// The first process inherits every orphan of the container, so one loop collects all that end and tells those who wait
// for a child of ours. Nothing here may use os/exec's Wait: it would race with the loop.
var waiting = struct {
	sync.Mutex
	by map[int]chan syscall.WaitStatus
}{by: map[int]chan syscall.WaitStatus{}}

// reap starts the loop. It must run before the first child is started.
func reap() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			// Signals are merged: one may stand for many children.
			for collect() {
			}
		}
	}()
}

func collect() bool {
	var status syscall.WaitStatus
	// The lock keeps a child from being collected before spawn has noted who waits for it.
	waiting.Lock()
	defer waiting.Unlock()
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if errors.Is(err, syscall.EINTR) {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	if waiter, ours := waiting.by[pid]; ours {
		delete(waiting.by, pid)
		waiter <- status
	}
	return true
}

// spawn starts a program; its exit status comes on the channel.
func spawn(argv []string, env []string, output *os.File) (int, <-chan syscall.WaitStatus, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	waiting.Lock()
	defer waiting.Unlock()
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Env:   append(os.Environ(), env...),
		Files: []*os.File{null, output, output},
		// A signal to our own group (a terminal's Ctrl-C) must not reach them before we order it.
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 0, nil, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	pid := process.Pid
	_ = process.Release()
	exit := make(chan syscall.WaitStatus, 1)
	waiting.by[pid] = exit
	return pid, exit, nil
}

// command runs a program to its end; the error has its output.
func command(argv ...string) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	_, exit, err := spawn(argv, nil, write)
	write.Close()
	if err != nil {
		return err
	}
	output := tail{limit: 2000}
	output.readFrom(read)
	if status := <-exit; status.ExitStatus() != 0 {
		return fmt.Errorf("%s: %s: %s", strings.Join(argv, " "), ending(status), strings.TrimSpace(output.String()))
	}
	return nil
}

func ending(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "killed by " + status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}
