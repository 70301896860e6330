package main

import (
	"context"
	"flag"
	"time"

	"github.com/argoproj/argo-rollouts/controller"
	rolloutmetrics "github.com/argoproj/argo-rollouts/controller/metrics"
	jobprovider "github.com/argoproj/argo-rollouts/metricproviders/job"
	rolloutclient "github.com/argoproj/argo-rollouts/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-rollouts/rollout"
	controllerutil "github.com/argoproj/argo-rollouts/utils/controller"
	"github.com/argoproj/argo-rollouts/utils/defaults"
	ingressutil "github.com/argoproj/argo-rollouts/utils/ingress"
	istioutil "github.com/argoproj/argo-rollouts/utils/istio"
	"github.com/argoproj/argo-rollouts/utils/record"
	tolerant "github.com/argoproj/argo-rollouts/utils/tolerantinformer"
	smiclient "github.com/servicemeshinterface/smi-sdk-go/pkg/gen/client/split/clientset/versioned"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// argoRollouts runs the Argo Rollouts controller. Upstream's own command keeps its wiring in `package main`, so it is
// wired here again, for one controller over all namespaces, without leader election (there is one node) and with the
// worker counts of a class instead of a data centre.
func argoRollouts(arguments []string) program {
	return func(ctx context.Context) error {
		flags := flag.NewFlagSet("argo-rollouts", flag.ContinueOnError)
		kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig")
		metricsPort := flags.Int("metrics-port", controller.DefaultMetricsPort, "port of the metrics endpoint")
		healthPort := flags.Int("health-port", controller.DefaultHealthzPort, "port of the health endpoint")
		if err := flags.Parse(arguments); err != nil {
			return err
		}
		return runRollouts(ctx, *kubeconfig, *metricsPort, *healthPort)
	}
}

func runRollouts(ctx context.Context, kubeconfig string, metricsPort, healthPort int) error {
	const (
		all    = metav1.NamespaceAll
		resync = controller.DefaultRolloutResyncPeriod * time.Second
		// Workers of each kind: rollouts, services, ingresses, experiments, analyses.
		workers = 4
	)
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = defaults.DefaultQPS, defaults.DefaultBurst
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	argo, err := rolloutclient.NewForConfig(config)
	if err != nil {
		return err
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	smi, err := smiclient.NewForConfig(config)
	if err != nil {
		return err
	}

	labelled := func(selector string) func(*metav1.ListOptions) {
		return func(options *metav1.ListOptions) { options.LabelSelector = selector }
	}
	unnamed := controllerutil.InstanceIDRequirement("")
	instance := labelled(unnamed.String())
	kubeFactory := informers.NewSharedInformerFactory(kube, resync)
	jobFactory := informers.NewSharedInformerFactoryWithOptions(kube, resync,
		informers.WithTweakListOptions(labelled(jobprovider.AnalysisRunUIDLabelKey)))
	dynFactory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(dyn, resync, all, instance)
	clusterFactory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(dyn, resync, all, instance)
	istioFactory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(dyn, resync, all, nil)
	// Notifications are configured by one Secret and one ConfigMap, in the controller's own namespace.
	named := func(name string) informers.SharedInformerFactory {
		return informers.NewSharedInformerFactoryWithOptions(kube, resync, informers.WithNamespace(defaults.Namespace()),
			informers.WithTweakListOptions(func(options *metav1.ListOptions) {
				options.FieldSelector = "metadata.name=" + name
			}))
	}
	ingresses, err := ingressutil.NewIngressWrapper(ingressutil.IngressModeNetworking, kube, kubeFactory)
	if err != nil {
		return err
	}

	manager := controller.NewManager(all, kube, argo, dyn, smi, kube.Discovery(),
		kubeFactory.Apps().V1().ReplicaSets(),
		kubeFactory.Core().V1().Services(),
		ingresses,
		jobFactory.Batch().V1().Jobs(),
		tolerant.NewTolerantRolloutInformer(dynFactory),
		tolerant.NewTolerantExperimentInformer(dynFactory),
		tolerant.NewTolerantAnalysisRunInformer(dynFactory),
		tolerant.NewTolerantAnalysisTemplateInformer(dynFactory),
		tolerant.NewTolerantClusterAnalysisTemplateInformer(clusterFactory),
		dyn,
		istioFactory.ForResource(istioutil.GetIstioVirtualServiceGVR()).Informer(),
		istioFactory.ForResource(istioutil.GetIstioDestinationRuleGVR()).Informer(),
		named(record.NotificationConfigMap),
		named(record.NotificationSecret),
		resync, "", metricsPort, healthPort,
		&rolloutmetrics.K8sRequestsCountProvider{},
		// Maru's gateway obeys nginx's canary annotations for any class that it serves.
		[]string{"nginx", "maru"}, nil,
		dynFactory, clusterFactory, istioFactory, false, kubeFactory, jobFactory,
		workers, rollout.DefaultEphemeralMetadataPodRetries)

	election := controller.NewLeaderElectionOptions()
	election.LeaderElect = false
	return manager.Run(ctx, workers, workers, workers, workers, workers, election)
}
