package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// prepare gives the container what a machine has and a container has not. All of it can be done again after a restart.
func prepare(s settings) error {
	for _, folder := range []string{runtime, logs, state + "/etcd", state + "/volumes", "/run/lock", "/var/log/pods"} {
		mode := os.FileMode(0o755)
		if folder == state+"/etcd" {
			mode = 0o700
		}
		if err := os.MkdirAll(folder, mode); err != nil {
			return err
		}
	}
	if err := syscall.Mount("", "/sys", "", syscall.MS_REMOUNT, ""); err != nil {
		return fmt.Errorf("making /sys writable: %w (the container needs wide rights: is it privileged?)", err)
	}
	// Mounts that the kubelet makes for a pod must be seen in the pod.
	if err := syscall.Mount("", "/", "", syscall.MS_SHARED|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("sharing mounts: %w", err)
	}
	if err := prepareCgroups(); err != nil {
		return err
	}
	// The kubelet reads the kernel's log for out-of-memory kills.
	if _, err := os.Stat("/dev/kmsg"); errors.Is(err, os.ErrNotExist) {
		if err := syscall.Mknod("/dev/kmsg", syscall.S_IFCHR|0o600, 1<<8|11); err != nil {
			return fmt.Errorf("making /dev/kmsg: %w", err)
		}
	}
	// Where these are built into the kernel, or loaded already, modprobe has nothing to do; where they are really
	// missing, kube-proxy's first rule says so.
	for _, module := range []string{"overlay", "nf_conntrack", "nf_tables", "ip_tables"} {
		_ = command("/usr/sbin/modprobe", "-q", module)
	}
	// Each with whether the node can't be without it.
	for setting, needed := range map[string]bool{
		"net/ipv4/ip_forward=1":              true,
		"net/ipv4/conf/all/route_localnet=1": false,
		// A pod can't speak with another's address.
		"net/ipv4/conf/all/rp_filter=1":     true,
		"net/ipv4/conf/default/rp_filter=1": true,
		// A pod that speaks to itself by its Service's address comes and goes by one interface: nothing to tell it.
		"net/ipv4/conf/all/send_redirects=0":     false,
		"net/ipv4/conf/default/send_redirects=0": false,
		// Pods have IPv4 only, and so have the rules that keep them apart.
		"net/ipv6/conf/all/disable_ipv6=1":     false,
		"net/ipv6/conf/default/disable_ipv6=1": false,
		// The gateway listens on port 80 of the node as an ordinary user.
		"net/ipv4/ip_unprivileged_port_start=0":       true,
		"fs/inotify/max_user_instances=8192":          false,
		"fs/inotify/max_user_watches=524288":          false,
		"kernel/panic=10":                             false,
		"net/ipv4/neigh/default/gc_thresh3=4096":      false,
		"net/netfilter/nf_conntrack_tcp_be_liberal=1": false,
	} {
		name, value, _ := strings.Cut(setting, "=")
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil && needed {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return firewall(s)
}

// firewall lets pods and the Docker network reach what is meant for them on the node, and nothing else: etcd and the
// like listen on loopback, but the kubelet, the controllers' metrics and the proxy's health ports can't.
func firewall(s settings) error {
	// Every pod hangs on a cable of its own (CNI's ptp): its traffic is routed, and so filtered, wherever it goes.
	const pods = "veth+"
	rules := [][]string{
		{"-N", "MARU-INPUT"},
		{"-F", "MARU-INPUT"},
		{"-A", "MARU-INPUT", "-i", "lo", "-j", "ACCEPT"},
		{"-A", "MARU-INPUT", "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"},
		{"-A", "MARU-INPUT", "-p", "icmp", "-j", "ACCEPT"},
		// The gateway's ports and the API, which asks for a certificate or a token.
		{"-A", "MARU-INPUT", "-p", "tcp", "-m", "multiport", "--dports", "80,443,6443", "-j", "ACCEPT"},
		{"-A", "MARU-INPUT", "-i", pods, "-p", "udp", "--dport", "53", "-j", "ACCEPT"},
		{"-A", "MARU-INPUT", "-i", pods, "-p", "tcp", "--dport", "53", "-j", "ACCEPT"},
		{"-A", "MARU-INPUT", "-j", "DROP"},
		{"-D", "INPUT", "-j", "MARU-INPUT"},
		{"-I", "INPUT", "-j", "MARU-INPUT"},
		// Pods: nothing on the network of node and registry, nor on link-local addresses (clouds' metadata services).
		{"-N", "MARU-FORWARD"},
		{"-F", "MARU-FORWARD"},
		{"-A", "MARU-FORWARD", "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "RETURN"},
		{"-A", "MARU-FORWARD", "-i", pods, "-d", s.network.Masked().String(), "-j", "DROP"},
		{"-A", "MARU-FORWARD", "-i", pods, "-d", "169.254.0.0/16", "-j", "DROP"},
		{"-D", "FORWARD", "-j", "MARU-FORWARD"},
		{"-I", "FORWARD", "-j", "MARU-FORWARD"},
		// What pods send out carries the node's address.
		{"-t", "nat", "-D", "POSTROUTING", "-s", podSubnet, "!", "-d", podSubnet, "-j", "MASQUERADE"},
		{"-t", "nat", "-A", "POSTROUTING", "-s", podSubnet, "!", "-d", podSubnet, "-j", "MASQUERADE"},
	}
	for _, rule := range rules {
		err := command(append([]string{"/usr/sbin/iptables", "-w"}, rule...)...)
		// Making a chain that is there, and removing a jump that is not, fail: after a restart, and on a first start.
		if err != nil && !slices.Contains(rule, "-N") && !slices.Contains(rule, "-D") {
			return err
		}
	}
	return nil
}

// endPods asks the processes of all pods to end, as a machine does that shuts down, and waits for them.
func endPods(patience time.Duration) {
	deadline := time.Now().Add(patience)
	for asked := false; time.Now().Before(deadline); asked = true {
		left := 0
		processes, _ := filepath.Glob("/proc/[0-9]*/cgroup")
		for _, path := range processes {
			cgroup, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(cgroup), "/kubepods") {
				continue
			}
			left++
			if !asked {
				var pid int
				if _, err := fmt.Sscanf(path, "/proc/%d/cgroup", &pid); err == nil {
					_ = syscall.Kill(pid, syscall.SIGTERM)
				}
			}
		}
		if left == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}
