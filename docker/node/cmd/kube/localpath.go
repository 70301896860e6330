package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	provision "sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// The provisioner's name, as the StorageClass `local-path` gives it.
const localPathProvisioner = "maru.dev/local-path"

// localPath gives every PersistentVolumeClaim of its class a folder on the node. It runs on the node, as root, so it
// makes and removes folders itself instead of starting helper pods.
func localPath(arguments []string) program {
	return func(ctx context.Context) error {
		flags := flag.NewFlagSet("local-path", flag.ContinueOnError)
		kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig")
		root := flags.String("root", "/var/lib/maru/volumes", "folder that holds the volumes")
		if err := flags.Parse(arguments); err != nil {
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
		if err := os.MkdirAll(*root, 0o711); err != nil {
			return err
		}
		provision.NewProvisionController(ctx, client, localPathProvisioner, folders{root: *root},
			provision.LeaderElection(false)).Run(ctx)
		return ctx.Err()
	}
}

// folders is a provision.Provisioner whose volumes are folders directly under root.
type folders struct{ root string }

func (f folders) Provision(_ context.Context, o provision.ProvisionOptions) (*corev1.PersistentVolume, provision.ProvisioningState, error) {
	if o.PVC.Spec.Selector != nil {
		return nil, provision.ProvisioningFinished, errors.New("a claim of class local-path can't select volumes by label")
	}
	if o.SelectedNodeName == "" {
		// Cannot happen with the class's WaitForFirstConsumer.
		return nil, provision.ProvisioningFinished, errors.New("the scheduler has not picked the volume's node")
	}
	path := filepath.Join(f.root, o.PVName)
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, provision.ProvisioningFinished, fmt.Errorf("making the volume's folder: %w", err)
	}
	// Database images run as a user of their own; mkdir's mode is cut by the umask.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, provision.ProvisioningFinished, fmt.Errorf("opening the volume's folder: %w", err)
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: o.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   o.PVC.Spec.AccessModes,
			VolumeMode:                    o.PVC.Spec.VolumeMode,
			Capacity: corev1.ResourceList{
				corev1.ResourceStorage: o.PVC.Spec.Resources.Requests[corev1.ResourceStorage],
			},
			// `local`, not `hostPath`: with it the kubelet obeys a pod's fsGroup.
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				Local: &corev1.LocalVolumeSource{Path: path},
			},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{o.SelectedNodeName},
				}}}},
			}},
		},
	}, provision.ProvisioningFinished, nil
}

func (f folders) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	local := volume.Spec.Local
	if local == nil {
		return &provision.IgnoredError{Reason: "not a folder of ours"}
	}
	// Only a folder directly under root is ever removed, whatever a volume's object says.
	name := strings.TrimPrefix(local.Path, f.root+"/")
	if name != volume.Name || strings.Contains(name, "/") || name == ".." {
		return &provision.IgnoredError{Reason: "its path is not under " + f.root}
	}
	return os.RemoveAll(filepath.Join(f.root, name))
}
