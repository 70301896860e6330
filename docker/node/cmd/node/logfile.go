package main

import (
	"io"
	"os"
	"path/filepath"
)

// Each program's log is at most twice this long on disk: the file, and the one before it (`.1`).
const logLimit = 4 << 20

// logFile appends to a file that starts anew when it is full.
type logFile struct {
	path string
	file *os.File
	size int64
}

func openLog(name string) (*logFile, error) {
	log := &logFile{path: filepath.Join(logs, name+".log")}
	return log, log.open()
}

func (l *logFile) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	l.file, l.size = file, info.Size()
	return nil
}

func (l *logFile) Write(p []byte) (int, error) {
	if l.size+int64(len(p)) > logLimit {
		l.file.Close()
		if err := os.Rename(l.path, l.path+".1"); err != nil {
			return 0, err
		}
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// tail keeps the last bytes of what a program wrote, to be told when it dies.
type tail struct {
	limit int
	bytes []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if excess := len(t.bytes) - t.limit; excess > 0 {
		t.bytes = t.bytes[excess:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.bytes) }

// readFrom copies until the writing end is closed. A full disk must not stop a program that logs, so errors of the
// further writers are ignored and what they miss is lost.
func (t *tail) readFrom(r io.Reader, also ...io.Writer) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			_, _ = t.Write(buffer[:n])
			for _, w := range also {
				_, _ = w.Write(buffer[:n])
			}
		}
		if err != nil {
			return
		}
	}
}
