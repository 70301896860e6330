// Command pause does nothing until it is told to end. It is the first process of every pod and keeps the pod's
// namespaces alive while containers come and go.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}
