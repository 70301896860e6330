package main

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"
)

// Configuration files, as templates over the values below; add-ons are applied to the API once it answers.
//
//go:embed config addons
var templates embed.FS

// values are what a template can name.
func values(s settings) (map[string]any, error) {
	ca, err := os.ReadFile(pki + "/ca.crt")
	if err != nil {
		return nil, fmt.Errorf("the certificates are not there: %w", err)
	}
	return map[string]any{
		"Address": s.address, "Registry": s.registry, "NodeName": nodeName, "PKI": pki, "State": state,
		"Runtime": runtime, "Domain": clusterDomain, "PodSubnet": podSubnet, "ServiceSubnet": serviceSubnet,
		"DNS": dnsService, "PauseImage": pauseImage, "CgroupV2": cgroupV2(), "CA": base64.StdEncoding.EncodeToString(ca),
	}, nil
}

// Where each configuration file goes.
var places = map[string]string{
	"config/containerd.toml":  "/etc/containerd/config.toml",
	"config/hosts.toml":       "/etc/containerd/certs.d/registry.localhost/hosts.toml",
	"config/cni.conflist":     "/etc/cni/net.d/10-maru.conflist",
	"config/kubelet.yaml":     runtime + "/kubelet.yaml",
	"config/kube-proxy.yaml":  runtime + "/kube-proxy.yaml",
	"config/Corefile":         runtime + "/Corefile",
	"config/closed.nft":       runtime + "/closed.nft",
	"config/pod-resolv.conf":  runtime + "/pod-resolv.conf",
	"addons/10-dns.yaml":      runtime + "/addons/10-dns.yaml",
	"addons/20-storage.yaml":  runtime + "/addons/20-storage.yaml",
	"addons/30-metrics.yaml":  runtime + "/addons/30-metrics.yaml",
	"addons/40-rollouts.yaml": runtime + "/addons/40-rollouts.yaml",
	"addons/50-policies.yaml": runtime + "/addons/50-policies.yaml",
}

// Who speaks to the API server; each has a client certificate of its own, so that RBAC tells them apart.
var clients = []string{
	"admin", "argo-rollouts", "controller-manager", "coredns", "kube-proxy", "kubelet", "local-path", "metrics-server",
	"network-policy", "scheduler",
}

func kubeconfig(client string) string { return runtime + "/kubeconfig/" + client }

func writeFiles(s settings) error {
	known, err := values(s)
	if err != nil {
		return err
	}
	err = fs.WalkDir(templates, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == "config/kubeconfig.yaml" {
			return err
		}
		place, listed := places[path]
		if !listed {
			return fmt.Errorf("%s is to go nowhere", path)
		}
		return writeTemplate(path, place, known)
	})
	if err != nil {
		return err
	}
	for _, client := range clients {
		known["Client"] = client
		if err := writeTemplate("config/kubeconfig.yaml", kubeconfig(client), known); err != nil {
			return err
		}
	}
	return nil
}

func writeTemplate(name, place string, known map[string]any) error {
	text, err := templates.ReadFile(name)
	if err != nil {
		return err
	}
	parsed, err := template.New(name).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return err
	}
	var filled bytes.Buffer
	if err := parsed.Execute(&filled, known); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	return os.WriteFile(place, filled.Bytes(), 0o600)
}
