package main

import (
	"context"
	"os"

	"github.com/coredns/coredns/coremain"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	kubectlcmd "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserverapp "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"

	// The DNS plugins that the node's Corefile uses, and no others: the cloud providers' would double the build.
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
)

func apiServer() int { return cli.Run(apiserverapp.NewAPIServerCommand()) }
func kubelet() int   { return cli.Run(kubeletapp.NewKubeletCommand(context.Background())) }

func kubectl() int {
	// The flags are parsed too late for the client libraries that log while the command tree is put together.
	_, _ = logs.GlogSetter(kubectlcmd.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectlcmd.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
	return 0
}

func etcd() int {
	etcdmain.Main(os.Args)
	return 0
}

func coreDNS() int {
	coremain.Run()
	return 0
}
