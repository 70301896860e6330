//! `maru serve`: opens everything, listens, and ends in order.

use std::sync::Arc;
use std::time::Duration;

use maru_build::{Builds, Registry};
use maru_cluster::{Cluster, ClusterConfig, ExternalConfig, GatewaySpec, PulledGateway, Validity};
use maru_engine::{Engine, Runc, RuncState};
use maru_git::Projects;
use maru_model::Login;
use maru_rollout::{Rollouts, Settings as RolloutSettings};
use maru_store::Store;
use maru_workspace::{Inbound, Tool, Workspaces};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::deploy::Deployments;
use crate::doctor::{self, Serving};
use crate::proxy::Proxies;
use crate::state::AppState;
use crate::surroundings::Surroundings;
use crate::{inbound, routes};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A kubelet that has just started looks at its pods within a second or two.
const STEADY: Duration = Duration::from_secs(6);
/// Connections from workspaces that may wait to be taken.
const INBOUND_WAITING: usize = 64;

/// # Errors
/// Where the server cannot start; once it runs it ends only when told to.
pub async fn run(config: Config) -> Result<(), Failure> {
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let listen = config.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("listening on {listen}: {error}"))?;
    let (state, streams) = open(config, &shutdown, &tasks).await?;
    let app = routes::router(state.clone());
    tasks.spawn(inbound::serve(streams, app.clone(), state.clone(), shutdown.clone()));
    tasks.spawn(routes::registry_token::serve(state.builds.registry().clone(), state.store.clone(), shutdown.clone()));
    tasks.spawn(state.builds.clone().run(shutdown.clone()));
    tasks.spawn(crate::fences::run(
        state.engine.clone(),
        state.config.node_image.clone(),
        state.config.workspace_image.clone(),
        shutdown.clone(),
    ));
    tasks.spawn(crate::sleep::run(state.clone(), shutdown.clone()));
    tasks.spawn(crate::quotas::run(state.clone(), shutdown.clone()));
    tasks.spawn(crate::tidy::run(state.clone(), shutdown.clone()));
    tasks.spawn(crate::proxy::watch_previews(state.clone(), shutdown.clone()));
    crate::render::sweep(&state.engine).await?;
    state.rollouts.resume().await?;
    state.deployments.resume(&state).await.map_err(|error| error.detail().to_string())?;
    // After those: it waits for deployments that run.
    tasks.spawn(crate::pushes::run(state.clone(), shutdown.clone()));

    if let Err(error) = Serving::note(&state.config) {
        tracing::warn!(%error, "what is served could not be noted for maru doctor");
    }
    tracing::info!(%listen, url = %state.config.url, instance = %state.config.instance, "listening");
    let ending = shutdown.clone();
    tasks.spawn(async move {
        asked_to_end().await;
        tracing::info!("asked to end");
        ending.cancel();
    });
    let waiting = shutdown.clone();
    let app = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(async move { waiting.cancelled().await }).await?;
    state.deployments.ended().await;
    state.rollouts.join().await;
    state.workspaces.shut_down().await;
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// One handle per crate. What acts by itself becomes a task.
async fn open(config: Config, shutdown: &CancellationToken, tasks: &TaskTracker) -> Result<(AppState, mpsc::Receiver<Inbound>), Failure> {
    let store = Store::open(&config.database).await?;
    let settings = crate::settings::Settings::open(&store, config.idle_stop).await?;
    let engine = Engine::connect(config.instance.clone()).await?;
    refuse_old_runc(&engine.runc().await?, config.allow_old_runc)?;
    let git = Projects::new(config.data.join("projects")).with_access(config.remotes.clone());
    let registry = Registry::new(engine.clone(), config.registry_image.clone(), &config.data.join("registry"), config.registry)?;
    let builds =
        Builds::new(store.clone(), engine.clone(), git.clone(), registry, &config.data.join("builds"), maru_build::Limits::default());
    let (streams, received) = mpsc::channel(INBOUND_WAITING);
    let workspaces =
        Workspaces::open(workspace_config(&config, settings.now().idle_stop()), engine.clone(), store.clone(), streams).await?;
    let cluster = open_cluster(&config, &engine, builds.registry(), shutdown, tasks).await?;
    let surroundings = Surroundings {
        store: store.clone(),
        engine: engine.clone(),
        git: git.clone(),
        builds: builds.clone(),
        cluster: cluster.clone(),
        node_image: config.node_image.clone(),
    };
    let rollout_settings = RolloutSettings {
        apps_domain: config.apps_domain.clone(),
        scheme: config.url_scheme().to_owned(),
        authority: config.url_port(),
        steady: STEADY,
    };
    let rollouts = Rollouts::new(store.clone(), Arc::new(surroundings), rollout_settings, shutdown.clone());
    let state = AppState {
        config: Arc::new(config),
        store,
        engine,
        workspaces,
        git,
        builds,
        proxies: Proxies::new(cluster.clone(), shutdown.clone()),
        cluster,
        rollouts,
        deployments: Deployments::default(),
        loads: crate::load::Loads::default(),
        polls: crate::polls::Polls::default(),
        metrics: crate::metrics::Metrics::default(),
        settings,
        sleep: crate::reconcile::Setting::default(),
        pushes: crate::pushes::Pushes::default(),
        quotas: crate::reconcile::Setting::default(),
        shutdown: shutdown.clone(),
    };
    Ok((state, received))
}

/// Every workspace is a container that somebody else's programs run in: one that they get out of is none.
fn refuse_old_runc(runc: &Runc, allowed: bool) -> Result<(), Failure> {
    if runc.state == RuncState::Open {
        let (words, fix) = (doctor::runc_words(&runc.version), doctor::runc_fix());
        if !allowed {
            return Err(format!("{}. {}\n{}. {}", words.en, fix.en, words.ko, fix.ko).into());
        }
        tracing::warn!("{}; started all the same, as configured", words.en);
    }
    Ok(())
}

fn workspace_config(config: &Config, idle_stop: Option<std::time::Duration>) -> maru_workspace::Config {
    let mut workspace = maru_workspace::Config::new(config.workspace_image.clone(), config.agent.clone(), config.data.join("bin"));
    workspace.idle_after = idle_stop.into();
    workspace.egress = config.egress;
    workspace.homes = Some(config.data.join("homes"));
    workspace.snapshots.folder = config.data.join("snapshots");
    workspace.provided.push(Tool::kubectl(config.node_image.clone()));
    workspace
}

async fn open_cluster(
    config: &Config,
    engine: &Engine,
    registry: &Registry,
    shutdown: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<Cluster, Failure> {
    if let Some(kubeconfig) = &config.kubeconfig {
        // Connections come through the API server and the kubelet, which speak to the pod from within.
        let spec = gateway(config, vec![("MARU_GATEWAY_TRUSTED".to_owned(), "127.0.0.1,::1".to_owned())])?;
        let gateway = PulledGateway {
            spec,
            repository: format!("{}/{}/maru-gateway", maru_build::REGISTRY_HOST, maru_build::BASE),
            pull: registry.pull_secret(&Login::parse("maru-system")?),
        };
        let external = ExternalConfig { engine: engine.clone(), kubeconfig: kubeconfig.clone(), gateway: Some(gateway) };
        external.prepare_image().await?;
        let (cluster, driver) = Cluster::external(external, shutdown.clone());
        tasks.spawn(driver);
        return Ok(cluster);
    }
    let network = engine.ensure_cluster_network().await?;
    let env = vec![
        ("MARU_GATEWAY_ADDRESS".to_owned(), network.node().to_string()),
        ("MARU_GATEWAY_TRUSTED".to_owned(), network.host().to_string()),
    ];
    let gateway = gateway(config, env)?;
    let cluster = ClusterConfig {
        engine: engine.clone(),
        node_image: config.node_image.clone(),
        folder: config.data.join("cluster"),
        network,
        validity: Validity::default(),
        gateway: Some(gateway),
    };
    let (cluster, driver) = Cluster::embedded(cluster, shutdown.clone());
    tasks.spawn(driver);
    Ok(cluster)
}

/// This program as the gateway.
fn gateway(config: &Config, mut env: Vec<(String, String)>) -> std::io::Result<GatewaySpec> {
    env.push(("MARU_GATEWAY_DOMAIN".to_owned(), config.apps_domain.clone()));
    env.push(("MARU_GATEWAY_ACCESS_LOG".to_owned(), config.access_log.to_string()));
    env.push(("MARU_GATEWAY_WHY".to_owned(), format!("{}{}", config.url, crate::pages::WHY)));
    Ok(GatewaySpec { binary: std::env::current_exe()?, args: vec!["gateway".to_owned()], env })
}

/// Ctrl-C, or SIGTERM.
pub async fn asked_to_end() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_runc_is_refused_unless_it_is_allowed() {
        let runc = |state| Runc { version: "1.1.4".to_owned(), state };
        let refused = refuse_old_runc(&runc(RuncState::Open), false).unwrap_err().to_string();
        // What it is and the way out, in both languages.
        assert_eq!(refused.matches("1.1.4").count(), 2, "{refused}");
        assert_eq!(refused.matches("MARU_ALLOW_OLD_RUNC=true").count(), 2, "{refused}");
        assert!(refuse_old_runc(&runc(RuncState::Open), true).is_ok());
        for state in [RuncState::Closed, RuncState::Backported("1.1.5+ds1-1+deb12u1".to_owned()), RuncState::Unknown] {
            assert!(refuse_old_runc(&runc(state), false).is_ok());
        }
    }
}
