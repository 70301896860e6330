package main

import (
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	firstPause   = 200 * time.Millisecond
	longestPause = 10 * time.Second
	// A program that lived this long died of something new: it starts again at once.
	settled = 30 * time.Second
	// How long a program may take to end before it is killed.
	patience = 5 * time.Second
)

// program is a child process that is to be running as long as the node is.
type program struct {
	name string
	argv []string
	env  []string
}

// family are the running programs, in the order of their start.
type family struct {
	members []*member
}

type member struct {
	program
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// keep starts a program and starts it again whenever it ends.
func (f *family) keep(p program) {
	// Not the caller's context: members end in an order of ours (stop), not all at once.
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{program: p, cancel: cancel}
	f.members = append(f.members, m)
	m.done.Add(1)
	go func() {
		defer m.done.Done()
		m.live(ctx)
	}()
}

func (m *member) live(ctx context.Context) {
	pause := firstPause
	for {
		began := time.Now()
		ending, last := m.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > settled {
			pause = firstPause
		}
		say("%s ended (%s), starts again in %s; its last words: %s", m.name, ending, pause, last)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// once runs the program to its end, or until ctx ends it, and returns how it ended and the last line that it wrote.
func (m *member) once(ctx context.Context) (ended string, lastLine string) {
	read, write, err := os.Pipe()
	if err != nil {
		return err.Error(), ""
	}
	pid, exit, err := spawn(m.argv, m.env, write)
	write.Close()
	if err != nil {
		read.Close()
		return err.Error(), ""
	}
	last := &tail{limit: 600}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer read.Close()
		if log, err := openLog(m.name); err == nil {
			last.readFrom(read, log)
			log.file.Close()
		} else {
			last.readFrom(read)
		}
	}()

	var status syscall.WaitStatus
	select {
	case status = <-exit:
	case <-ctx.Done():
		_ = syscall.Kill(pid, syscall.SIGTERM)
		select {
		case status = <-exit:
		case <-time.After(patience):
			_ = syscall.Kill(pid, syscall.SIGKILL)
			status = <-exit
		}
	}
	// Programs that the child started (containerd's shims) may hold the pipe open for longer.
	select {
	case <-drained:
		lines := strings.Split(strings.TrimSpace(last.String()), "\n")
		lastLine = lines[len(lines)-1]
	case <-time.After(time.Second):
	}
	return ending(status), lastLine
}

// stop ends all, the youngest first, since it needs those before it.
func (f *family) stop() {
	for i := len(f.members) - 1; i >= 0; i-- {
		f.members[i].cancel()
		f.members[i].done.Wait()
	}
}
