// Command crds copies Argo Rollouts' CustomResourceDefinitions from one folder to another, as the node wants them: `crds FROM TO`.
//
// Their schemas repeat all of a pod's specification ten times, which costs the API server 30 MiB. A Rollout keeps it, because
// people write Rollouts and want to be told of their mistakes. In the kinds of analyses and experiments it is left open:
// what their controller makes of it, a Job or a ReplicaSet, is checked by the API server all the same.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

const kept = "rollout-crd.yaml"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: crds FROM TO")
		os.Exit(2)
	}
	if err := copyAll(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "crds:", err)
		os.Exit(1)
	}
}

func copyAll(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*-crd.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no CRDs in %s (%v)", from, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var crd any
		if err := yaml.Unmarshal(text, &crd); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if filepath.Base(file) != kept {
			crd = opened(crd)
		}
		if text, err = yaml.Marshal(crd); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// opened is a schema in which a pod's specification may be anything.
func opened(node any) any {
	switch node := node.(type) {
	case map[string]any:
		if properties, is := node["properties"].(map[string]any); is {
			_, containers := properties["containers"]
			_, inits := properties["initContainers"]
			if containers && inits {
				return map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
			}
		}
		for key, value := range node {
			node[key] = opened(value)
		}
	case []any:
		for i, value := range node {
			node[i] = opened(value)
		}
	}
	return node
}
