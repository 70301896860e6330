package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"maru.dev/node/cmd/kube/policy"
)

const (
	// Changes come in bursts: a Deployment's pods get their addresses within moments.
	policyPause = 20 * time.Millisecond
	// Rules are written again after this time even where nothing changed, should somebody have removed them.
	policyResync = time.Minute
)

// networkPolicy enforces NetworkPolicies by an nftables table of its own (package policy).
func networkPolicy(arguments []string) program {
	return func(ctx context.Context) error {
		flags := flag.NewFlagSet("network-policy", flag.ContinueOnError)
		kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig")
		podSubnet := flags.String("pod-subnet", "", "the subnet of all pods")
		if err := flags.Parse(arguments); err != nil {
			return err
		}
		subnet, err := netip.ParsePrefix(*podSubnet)
		if err != nil {
			return err
		}
		config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
		if err != nil {
			return err
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return err
		}
		return enforce(ctx, client, subnet)
	}
}

func enforce(ctx context.Context, client kubernetes.Interface, subnet netip.Prefix) error {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(slim))
	pods := factory.Core().V1().Pods()
	namespaces := factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	changed := make(chan struct{}, 1)
	changed <- struct{}{}
	tell := func() {
		select {
		case changed <- struct{}{}:
		default: // It is to look anyway.
		}
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { tell() }, UpdateFunc: func(any, any) { tell() }, DeleteFunc: func(any) { tell() },
		})
		if err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("ended before all of %v was known", kind)
		}
	}

	applied := ""
	resync := time.NewTicker(policyResync)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-resync.C:
			applied = ""
		case <-changed:
		}
		time.Sleep(policyPause)
		// The caches are there and hold what the informers gave them: listing can't fail.
		everyPod, _ := pods.Lister().List(labels.Everything())
		everyNamespace, _ := namespaces.Lister().List(labels.Everything())
		everyPolicy, _ := policies.Lister().List(labels.Everything())
		rules, err := policy.Ruleset(subnet, everyPod, everyNamespace, everyPolicy)
		if err == nil && rules != applied {
			if err = nft(rules); err == nil {
				applied = rules
			}
		}
		if err != nil {
			// What was enforced before stays, and what is new is closed.
			klog.Errorf("network policies could not be written: %v", err)
			time.AfterFunc(time.Second, tell)
		}
	}
}

// slim keeps of a pod what a policy can ask for.
func slim(object any) (any, error) {
	if pod, is := object.(*corev1.Pod); is {
		kept := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, Labels: pod.Labels,
				ResourceVersion: pod.ResourceVersion, CreationTimestamp: pod.CreationTimestamp,
			},
			Spec:   corev1.PodSpec{HostNetwork: pod.Spec.HostNetwork},
			Status: corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP},
		}
		for _, container := range pod.Spec.InitContainers {
			kept.Spec.InitContainers = append(kept.Spec.InitContainers, corev1.Container{Ports: container.Ports})
		}
		for _, container := range pod.Spec.Containers {
			kept.Spec.Containers = append(kept.Spec.Containers, corev1.Container{Ports: container.Ports})
		}
		return kept, nil
	}
	if object, is := object.(metav1.Object); is {
		object.SetManagedFields(nil)
	}
	return object, nil
}

// nft replaces the table, all of it or nothing.
func nft(rules string) error {
	command := exec.Command("/usr/sbin/nft", "-f", "-")
	command.Stdin = strings.NewReader(rules)
	output, err := command.CombinedOutput()
	if err == nil {
		return nil
	}
	if errors.Is(err, os.ErrNotExist) {
		return err
	}
	return fmt.Errorf("nft: %w: %s", err, strings.TrimSpace(string(output)))
}
