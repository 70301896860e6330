package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const bin = "/usr/local/bin/"

// start starts everything, in the order in which one thing needs another.
func start(ctx context.Context, s settings, children *family) error {
	// Until somebody knows the pods and their policies, no pod reaches another.
	if err := command("/usr/sbin/nft", "-f", runtime+"/closed.nft"); err != nil {
		return err
	}
	children.keep(program{name: "containerd", env: frugal, argv: []string{"/usr/bin/containerd"}})
	children.keep(etcd())
	say("waiting for etcd")
	if err := await(ctx, time.Minute, func() error { return listening("127.0.0.1:2379") }); err != nil {
		return fmt.Errorf("etcd does not answer: %w", err)
	}
	children.keep(apiServer(s))
	say("waiting for the API server")
	if err := await(ctx, time.Minute, importPause); err != nil {
		return err
	}
	ready, err := apiReady()
	if err != nil {
		return err
	}
	// No end: a slow machine is slow, and whoever started the container has a deadline of their own.
	if err := await(ctx, time.Hour, ready); err != nil {
		return fmt.Errorf("the API server is not ready: %w", err)
	}
	say("the API server is ready")
	children.keep(kubelet(s))
	children.keep(controllers(s))
	if err := apply(ctx, runtime+"/addons", addonsApplied); err != nil {
		return err
	}
	children.keep(coreDNS())
	// CRDs last: they are large, and nothing else waits for them.
	return apply(ctx, "/opt/maru/crds", crdsApplied)
}

// Files that say how far a start is, to the controllers that wait for it. They end with the container, as all of /run does.
const (
	addonsApplied = runtime + "/addons-applied"
	crdsApplied   = runtime + "/crds-applied"
)

// apply applies a folder of objects and notes that it did.
func apply(ctx context.Context, folder, note string) error {
	say("applying %s", folder)
	err := await(ctx, time.Minute, func() error {
		return command(bin+"kubectl", "--kubeconfig", kubeconfig("admin"), "apply", "--server-side",
			"--force-conflicts", "--validate=false", "-f", folder)
	})
	if err != nil {
		return fmt.Errorf("applying %s: %w", folder, err)
	}
	return os.WriteFile(note, nil, 0o600)
}

// importPause gives containerd the image of the process that every pod begins with.
func importPause() error {
	return command("/usr/bin/ctr", "--connect-timeout", "1s", "-n", "k8s.io", "images", "import", "/opt/maru/pause.tar")
}

// The collectors run more often than Go's default, and none keeps samples for a profiler that nobody asks: a node idles in
// less than half a gigabyte.
var frugal = []string{"GOGC=30", "GODEBUG=memprofilerate=0"}

func etcd() program {
	return program{name: "etcd", env: frugal, argv: []string{bin + "etcd",
		"--name=" + nodeName,
		"--data-dir=" + state + "/etcd",
		"--listen-client-urls=http://127.0.0.1:2379",
		"--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=" + nodeName + "=http://127.0.0.1:2380",
		// What a follower might have missed: there is none.
		"--snapshot-count=2000",
		"--snapshot-catchup-entries=100",
		"--max-snapshots=2",
		"--max-wals=2",
		"--log-level=warn",
	}}
}

// unreadMetrics are the API server's histograms by verb and resource, which nobody here reads: 28,000 series of 36,000.
var unreadMetrics = []string{
	"apiserver_request_body_size_bytes", "apiserver_request_duration_seconds", "apiserver_request_sli_duration_seconds",
	"apiserver_response_sizes", "apiserver_watch_cache_initialization_duration_seconds", "apiserver_watch_cache_read_wait_seconds",
	"apiserver_watch_events_dispatch_duration_seconds", "apiserver_watch_events_sizes", "apiserver_watch_list_duration_seconds",
	"etcd_request_duration_seconds",
}

func apiServer(s settings) program {
	address := s.address.String()
	return program{name: "kube-apiserver", env: frugal, argv: []string{bin + "kube-apiserver",
		"--advertise-address=" + address,
		"--etcd-servers=http://127.0.0.1:2379",
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		// Without the last, a Service could take over any address for all pods (CVE-2020-8554).
		"--enable-admission-plugins=NodeRestriction,PodSecurity,DenyServiceExternalIPs",
		"--client-ca-file=" + pki + "/ca.crt",
		"--tls-cert-file=" + pki + "/apiserver.crt",
		"--tls-private-key-file=" + pki + "/apiserver.key",
		"--kubelet-certificate-authority=" + pki + "/ca.crt",
		"--kubelet-client-certificate=" + pki + "/apiserver-kubelet.crt",
		"--kubelet-client-key=" + pki + "/apiserver-kubelet.key",
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + pki + "/front-proxy-ca.crt",
		"--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + pki + "/front-proxy.crt",
		"--proxy-client-key-file=" + pki + "/front-proxy.key",
		// The aggregated API (metrics) is on this very node: no need of kube-proxy to reach it.
		"--enable-aggregator-routing=true",
		"--service-account-issuer=https://kubernetes.default.svc." + clusterDomain,
		"--service-account-key-file=" + pki + "/service-account.pub",
		"--service-account-signing-key-file=" + pki + "/service-account.key",
		"--service-cluster-ip-range=" + serviceSubnet,
		"--disabled-metrics=" + strings.Join(unreadMetrics, ","),
		"--profiling=false",
	}}
}

// controllers is every controller in one process: each of them alone takes 20 MiB and more for its copy of the same tables.
func controllers(s settings) program {
	argv := []string{bin + "controllers"}
	for i, one := range [][]string{
		controllerManager(), scheduler(), kubeProxy(),
		after(addonsApplied, networkPolicy()), after(addonsApplied, localPath()), after(addonsApplied, metricsServer(s)),
		after(crdsApplied, argoRollouts()),
	} {
		if i > 0 {
			argv = append(argv, "--")
		}
		argv = append(argv, one...)
	}
	return program{name: "controllers", env: append([]string{"POD_NAMESPACE=maru-system"}, frugal...), argv: argv}
}

// after lets one of the controllers wait until a file exists.
func after(note string, argv []string) []string { return append([]string{"after=" + note}, argv...) }

func controllerManager() []string {
	return []string{"kube-controller-manager",
		"--kubeconfig=" + kubeconfig("controller-manager"),
		"--authentication-kubeconfig=" + kubeconfig("controller-manager"),
		"--authorization-kubeconfig=" + kubeconfig("controller-manager"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + pki + "/service-account.key",
		"--root-ca-file=" + pki + "/ca.crt",
		"--cluster-signing-cert-file=" + pki + "/ca.crt",
		"--cluster-signing-key-file=" + pki + "/ca.key",
		"--profiling=false",
	}
}

func scheduler() []string {
	return []string{"kube-scheduler",
		"--kubeconfig=" + kubeconfig("scheduler"),
		"--authentication-kubeconfig=" + kubeconfig("scheduler"),
		"--authorization-kubeconfig=" + kubeconfig("scheduler"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--profiling=false",
	}
}

func kubelet(s settings) program {
	return program{name: "kubelet", env: frugal, argv: []string{bin + "kubelet",
		"--config=" + runtime + "/kubelet.yaml",
		"--kubeconfig=" + kubeconfig("kubelet"),
		"--hostname-override=" + nodeName,
		"--node-ip=" + s.address.String(),
		"--root-dir=" + state + "/kubelet",
	}}
}

func kubeProxy() []string {
	return []string{"kube-proxy",
		"--config=" + runtime + "/kube-proxy.yaml",
		"--hostname-override=" + nodeName,
	}
}

func coreDNS() program {
	return program{name: "coredns", env: frugal, argv: []string{bin + "coredns", "-conf", runtime + "/Corefile"}}
}

func networkPolicy() []string {
	return []string{"network-policy", "-kubeconfig", kubeconfig("network-policy"), "-pod-subnet", podSubnet}
}

func localPath() []string {
	return []string{"local-path",
		"-kubeconfig", kubeconfig("local-path"), "-root", state + "/volumes"}
}

func metricsServer(s settings) []string {
	return []string{"metrics-server",
		"--kubeconfig=" + kubeconfig("metrics-server"),
		"--authentication-kubeconfig=" + kubeconfig("metrics-server"),
		"--authorization-kubeconfig=" + kubeconfig("metrics-server"),
		"--bind-address=" + s.address.String(),
		"--secure-port=4443",
		"--tls-cert-file=" + pki + "/metrics-server-serving.crt",
		"--tls-private-key-file=" + pki + "/metrics-server-serving.key",
		"--kubelet-certificate-authority=" + pki + "/ca.crt",
		"--kubelet-preferred-address-types=InternalIP",
		"--metric-resolution=15s",
	}
}

func argoRollouts() []string {
	// Away from 8080, which a pod on the host's network may want.
	return []string{"argo-rollouts", "-kubeconfig", kubeconfig("argo-rollouts"), "-metrics-port", "10261", "-health-port", "10262"}
}

// await tries until it works; the last error where it does not in time.
func await(ctx context.Context, patience time.Duration, try func() error) error {
	deadline := time.After(patience)
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func listening(address string) error {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		connection.Close()
	}
	return err
}

// apiReady gives a check that asks the API server as admin: it tells nothing to strangers.
func apiReady() (func() error, error) {
	identity, err := tls.LoadX509KeyPair(pki+"/admin.crt", pki+"/admin.key")
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(pki + "/ca.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := &http.Client{
		Timeout: 2 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{identity},
		}},
	}
	return func() error {
		response, err := client.Get("https://127.0.0.1:6443/readyz")
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", response.Status)
		}
		return nil
	}, nil
}
