package main

import (
	"fmt"
	"net/netip"
	"os"
)

const (
	nodeName = "maru"
	pki      = "/etc/maru/pki"
	state    = "/var/lib/maru"
	runtime  = "/run/maru"
	logs     = state + "/log"

	clusterDomain = "cluster.local"
	// One node holds every pod: room for 4094 addresses, far more than pods (maxPods).
	podSubnet     = "10.244.0.0/20"
	serviceSubnet = "10.96.0.0/16"
	apiService    = "10.96.0.1"
	dnsService    = "10.96.0.10"
	pauseImage    = "maru.internal/pause:1"
)

// settings are what differs from one node to another.
type settings struct {
	// address is the node's own, fixed, on the cluster's Docker network.
	address netip.Addr
	// network is the cluster's Docker network: pods have nothing to look for in it.
	network netip.Prefix
	// registry is the base URL of the class registry, "" where there is none.
	registry string
}

func settingsFromEnvironment() (settings, error) {
	address, err := netip.ParseAddr(os.Getenv("MARU_NODE_ADDRESS"))
	if err != nil {
		return settings{}, fmt.Errorf("MARU_NODE_ADDRESS must be the node's IP address: %w", err)
	}
	network, err := netip.ParsePrefix(os.Getenv("MARU_NODE_NETWORK"))
	if err != nil {
		return settings{}, fmt.Errorf("MARU_NODE_NETWORK must be the subnet of the node's network: %w", err)
	}
	return settings{address: address, network: network, registry: os.Getenv("MARU_REGISTRY")}, nil
}
