// Package policy turns NetworkPolicies into one nftables table for a node that holds every pod of its cluster.
//
// A packet that the node forwards is looked up twice: by its source among the pods that an egress policy isolates, and by
// its destination among all pods. The chains that are found let it pass, on to the second look or for good, or refuse it.
// A destination in the pods' subnet that is no known pod is refused, so that a new pod is closed until its policies are
// known. Traffic between a pod and the node itself (probes, the gateway) is not forwarded and so not restricted, as upstream
// asks for.
package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Table is the name of the table, of family `ip`.
const Table = "maru-policy"

// Ruleset is the text for `nft -f` that replaces the table as a whole, in one transaction.
func Ruleset(podSubnet netip.Prefix, pods []*corev1.Pod, namespaces []*corev1.Namespace, policies []*networkingv1.NetworkPolicy) (string, error) {
	c := &compiler{pods: filtered(pods), namespaces: namespaces}
	policies = slices.SortedFunc(slices.Values(policies), func(a, b *networkingv1.NetworkPolicy) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	ingress, err := c.direction(networkingv1.PolicyTypeIngress, policies)
	if err != nil {
		return "", err
	}
	egress, err := c.direction(networkingv1.PolicyTypeEgress, policies)
	if err != nil {
		return "", err
	}
	var self []string
	for _, pod := range c.pods {
		self = append(self, pod.Status.PodIP+" . "+pod.Status.PodIP)
		if _, isolated := ingress.verdicts[pod.Status.PodIP]; !isolated {
			ingress.verdicts[pod.Status.PodIP] = "accept"
		}
	}

	out := &strings.Builder{}
	// The first line makes sure that there is a table to delete.
	fmt.Fprintf(out, "table ip %s {}\ndelete table ip %s\ntable ip %s {\n", Table, Table, Table)
	set(out, "set self", "ipv4_addr . ipv4_addr", self)
	set(out, "map ingress", "ipv4_addr : verdict", ingress.elements())
	set(out, "map egress", "ipv4_addr : verdict", egress.elements())
	out.WriteString(ingress.chains.String())
	out.WriteString(egress.chains.String())
	chain(out, "forward", "type filter hook forward priority filter; policy accept;",
		"ct state established,related accept",
		"ip saddr . ip daddr @self accept",
		"ip saddr vmap @egress",
		"ip daddr vmap @ingress",
		fmt.Sprintf("ip daddr %s counter drop", podSubnet))
	// Name service is for every pod, whatever its policies say: it is the node's and no pod that a policy could name.
	chain(out, "input", "type filter hook input priority filter; policy accept;",
		"ct state established,related accept",
		"meta l4proto { tcp, udp } th dport 53 accept",
		"ip saddr vmap @egress")
	out.WriteString("}\n")
	return out.String(), nil
}

func set(out *strings.Builder, name, kind string, elements []string) {
	fmt.Fprintf(out, "\t%s {\n\t\ttype %s\n", name, kind)
	if len(elements) > 0 {
		fmt.Fprintf(out, "\t\telements = { %s }\n", strings.Join(elements, ", "))
	}
	out.WriteString("\t}\n")
}

func chain(out *strings.Builder, name string, rules ...string) {
	fmt.Fprintf(out, "\tchain %s {\n\t\t%s\n\t}\n", name, strings.Join(rules, "\n\t\t"))
}

// filtered are the pods that have an address of their own, one for each address, in the order of their addresses.
func filtered(all []*corev1.Pod) []*corev1.Pod {
	byAddress := map[string]*corev1.Pod{}
	for _, pod := range all {
		address, err := netip.ParseAddr(pod.Status.PodIP)
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if err != nil || !address.Is4() || pod.Spec.HostNetwork || ended {
			continue
		}
		// An ending pod may be listed still when its address has gone to another.
		if other, taken := byAddress[pod.Status.PodIP]; taken && !other.CreationTimestamp.Before(&pod.CreationTimestamp) {
			continue
		}
		byAddress[pod.Status.PodIP] = pod
	}
	return slices.SortedFunc(maps.Values(byAddress), func(a, b *corev1.Pod) int {
		return strings.Compare(a.Status.PodIP, b.Status.PodIP)
	})
}

type compiler struct {
	pods       []*corev1.Pod
	namespaces []*corev1.Namespace
}

// compiled is one direction: the chains, and which pod's traffic goes through which.
type compiled struct {
	chains   strings.Builder
	verdicts map[string]string
}

func (c *compiled) elements() []string {
	elements := make([]string, 0, len(c.verdicts))
	for _, address := range slices.Sorted(maps.Keys(c.verdicts)) {
		elements = append(elements, address+" : "+c.verdicts[address])
	}
	return elements
}

// direction makes one chain for every set of policies that some pod has.
func (c *compiler) direction(direction networkingv1.PolicyType, policies []*networkingv1.NetworkPolicy) (*compiled, error) {
	selecting := make(map[string][]*networkingv1.NetworkPolicy)
	for _, policy := range policies {
		if !isolates(policy, direction) {
			continue
		}
		selected, err := c.selected(policy.Namespace, &policy.Spec.PodSelector)
		if err != nil {
			return nil, fmt.Errorf("policy %s/%s: %w", policy.Namespace, policy.Name, err)
		}
		for _, pod := range selected {
			selecting[pod.Status.PodIP] = append(selecting[pod.Status.PodIP], policy)
		}
	}
	// Who may be sent to is looked at after who may send.
	pass := "return"
	if direction == networkingv1.PolicyTypeIngress {
		pass = "accept"
	}
	result := &compiled{verdicts: map[string]string{}}
	made := map[string]string{}
	for _, pod := range c.pods {
		mine := selecting[pod.Status.PodIP]
		if len(mine) == 0 {
			continue
		}
		key := ""
		for _, policy := range mine {
			key += policy.Namespace + "/" + policy.Name + " "
		}
		name, known := made[key]
		if !known {
			name = fmt.Sprintf("%s-%d", strings.ToLower(string(direction)), len(made)+1)
			made[key] = name
			rules := []string{"# " + key}
			for _, policy := range mine {
				matches, err := c.matches(direction, policy)
				if err != nil {
					return nil, fmt.Errorf("policy %s/%s: %w", policy.Namespace, policy.Name, err)
				}
				for _, match := range matches {
					rules = append(rules, strings.TrimSpace(match+" "+pass))
				}
			}
			chain(&result.chains, name, append(rules, "counter reject with icmp type admin-prohibited")...)
		}
		result.verdicts[pod.Status.PodIP] = "jump " + name
	}
	return result, nil
}

func isolates(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(policy.Spec.PolicyTypes) > 0 {
		return slices.Contains(policy.Spec.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

// selected are the pods of a namespace that a selector takes.
func (c *compiler) selected(namespace string, selector *metav1.LabelSelector) ([]*corev1.Pod, error) {
	taken, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, err
	}
	var found []*corev1.Pod
	for _, pod := range c.pods {
		if pod.Namespace == namespace && taken.Matches(labels.Set(pod.Labels)) {
			found = append(found, pod)
		}
	}
	return found, nil
}

// matches are nftables expressions, one for each way in which the policy allows traffic in this direction.
func (c *compiler) matches(direction networkingv1.PolicyType, policy *networkingv1.NetworkPolicy) ([]string, error) {
	var all []string
	add := func(side string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) error {
		froms, err := c.peers(side, policy.Namespace, peers)
		if err != nil {
			return err
		}
		for _, from := range froms {
			for _, port := range c.ports(ports) {
				all = append(all, strings.TrimSpace(from+" "+port))
			}
		}
		return nil
	}
	if direction == networkingv1.PolicyTypeIngress {
		for _, rule := range policy.Spec.Ingress {
			if err := add("saddr", rule.From, rule.Ports); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	for _, rule := range policy.Spec.Egress {
		if err := add("daddr", rule.To, rule.Ports); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// peers are expressions of which one must hold; one empty expression where everybody is a peer.
func (c *compiler) peers(side, namespace string, peers []networkingv1.NetworkPolicyPeer) ([]string, error) {
	if len(peers) == 0 {
		return []string{""}, nil
	}
	var expressions, addresses []string
	for _, peer := range peers {
		if peer.IPBlock != nil {
			if expression := block(side, peer.IPBlock); expression != "" {
				expressions = append(expressions, expression)
			}
			continue
		}
		within := []string{namespace}
		if peer.NamespaceSelector != nil {
			taken, err := metav1.LabelSelectorAsSelector(peer.NamespaceSelector)
			if err != nil {
				return nil, err
			}
			within = nil
			for _, candidate := range c.namespaces {
				if taken.Matches(labels.Set(candidate.Labels)) {
					within = append(within, candidate.Name)
				}
			}
		}
		selector := peer.PodSelector
		if selector == nil {
			selector = &metav1.LabelSelector{}
		}
		for _, one := range within {
			pods, err := c.selected(one, selector)
			if err != nil {
				return nil, err
			}
			for _, pod := range pods {
				addresses = append(addresses, pod.Status.PodIP)
			}
		}
	}
	if len(addresses) > 0 {
		slices.Sort(addresses)
		addresses = slices.Compact(addresses)
		expressions = append(expressions, fmt.Sprintf("ip %s { %s }", side, strings.Join(addresses, ", ")))
	}
	return expressions, nil
}

// block is empty for IPv6: no pod has such an address.
func block(side string, block *networkingv1.IPBlock) string {
	within, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !within.Addr().Is4() {
		return ""
	}
	expression := fmt.Sprintf("ip %s %s", side, within.Masked())
	for _, except := range block.Except {
		if without, err := netip.ParsePrefix(except); err == nil && without.Addr().Is4() {
			expression += fmt.Sprintf(" ip %s != %s", side, without.Masked())
		}
	}
	return expression
}

// ports are expressions of which one must hold; one empty expression where every port is allowed.
func (c *compiler) ports(ports []networkingv1.NetworkPolicyPort) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var expressions []string
	for _, port := range ports {
		protocol := corev1.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		lower := strings.ToLower(string(protocol))
		switch {
		case port.Port == nil:
			expressions = append(expressions, "meta l4proto "+lower)
		case port.Port.Type == intstr.String:
			if named := c.named(port.Port.StrVal, protocol); len(named) > 0 {
				expressions = append(expressions, fmt.Sprintf("ip daddr . %s dport { %s }", lower, strings.Join(named, ", ")))
			}
		case port.EndPort != nil && *port.EndPort > port.Port.IntVal:
			expressions = append(expressions, fmt.Sprintf("%s dport %d-%d", lower, port.Port.IntVal, *port.EndPort))
		default:
			expressions = append(expressions, fmt.Sprintf("%s dport %d", lower, port.Port.IntVal))
		}
	}
	return expressions
}

// named are the places, address and port, that have a port of that name. Whose they may be is told by the peers.
func (c *compiler) named(name string, protocol corev1.Protocol) []string {
	var places []string
	for _, pod := range c.pods {
		// A restartable init container (a sidecar) serves as well.
		for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			for _, port := range container.Ports {
				of := port.Protocol
				if of == "" {
					of = corev1.ProtocolTCP
				}
				if port.Name == name && of == protocol {
					places = append(places, fmt.Sprintf("%s . %d", pod.Status.PodIP, port.ContainerPort))
				}
			}
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}
