use std::time::Duration;

use maru_model::Text;
use maru_store::builds::{Job, Outcome};
use maru_store::now_ms;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::logs::BuildLog;
use crate::{BuildError, Builds};

/// A worker that lives renews its lease three times in this time.
const LEASE: Duration = Duration::from_secs(60);
/// How often an idle worker looks, should it have missed the bell.
const LOOK: Duration = Duration::from_secs(5);
/// A build that took the server down with it twice is not tried again.
const ATTEMPTS: i64 = 3;

impl Builds {
    /// Builds what is queued until `shutdown`, and keeps the registry up meanwhile. Builds that a server before this one
    /// left running are taken up again first. What runs at the shutdown is left for the next server.
    pub async fn run(self, shutdown: CancellationToken) {
        let owner = self.inner.engine.instance().to_owned();
        // One server per installation: whoever held a lease under our name is dead.
        match self.inner.store.end_leases(&owner).await {
            Ok(0) => {}
            Ok(left) => tracing::info!(left, "builds were running when the server ended; they are taken up again"),
            Err(error) => tracing::error!(%error, "leases of builds cannot be ended; they run out by themselves"),
        }
        let mut tasks = JoinSet::new();
        for _ in 0..self.inner.limits.at_once {
            tasks.spawn(self.clone().work(owner.clone(), shutdown.clone()));
        }
        tasks.spawn(self.clone().keep_registry(shutdown.clone()));
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended
                && !shutdown.is_cancelled()
            {
                // The build it held is taken up when its lease runs out.
                tracing::error!(%error, "a build worker failed; another takes its place");
                tasks.spawn(self.clone().work(owner.clone(), shutdown.clone()));
            }
        }
    }

    async fn keep_registry(self, shutdown: CancellationToken) {
        let mut published = false;
        loop {
            let kept = async {
                self.inner.registry.ensure().await?;
                if !published {
                    let _pushing = self.inner.tidying.read().await;
                    self.inner.registry.publish_base_images().await?;
                    published = true;
                }
                Ok::<_, BuildError>(())
            };
            let pause = tokio::select! {
                () = shutdown.cancelled() => return,
                kept = kept => match kept {
                    Ok(()) => Duration::from_secs(60),
                    Err(error) => {
                        tracing::warn!(%error, "the registry is not ready");
                        LOOK
                    }
                },
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn work(self, owner: String, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.inner.store.take_build(&owner, lease_end()).await {
                Ok(Some(job)) => self.execute(&owner, job, &shutdown).await,
                Ok(None) => {
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = self.inner.bell.notified() => {}
                        () = tokio::time::sleep(LOOK) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the queue of builds cannot be read");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    /// Runs one build to its end, or until the server's.
    async fn execute(&self, owner: &str, job: Job, shutdown: &CancellationToken) {
        let id = job.build.id.clone();
        let _building = self.inner.tidying.read().await;
        let cancelled = self.note_running(&id);
        // Asked for between the queue and here.
        if job.build.cancel || self.inner.store.build(&id).await.is_ok_and(|build| build.is_none_or(|build| build.cancel)) {
            cancelled.cancel();
        }
        let outcome = match self.inner.logs.write(&id).await {
            Ok(mut log) => {
                let seconds = self.inner.limits.seconds;
                let outcome = tokio::select! {
                    biased;
                    () = shutdown.cancelled() => None,
                    () = cancelled.cancelled() => Some(Outcome::Cancelled),
                    () = self.keep_lease(owner, &id) => None,
                    () = tokio::time::sleep(Duration::from_secs(seconds)) => Some(Outcome::Failed(too_long(seconds))),
                    outcome = self.attempt(&job, &mut log) => Some(outcome),
                };
                match &outcome {
                    None => log.say("\n(The server ends; this build is taken up when it is back.)\n").await,
                    Some(outcome) => say_end(&mut log, outcome).await,
                }
                outcome
            }
            Err(error) => Some(Outcome::Failed(Text::new(
                format!("The build's log cannot be written: {error}."),
                format!("빌드 로그를 쓸 수 없습니다: {error}."),
            ))),
        };
        self.forget_running(&id);
        if let Some(outcome) = outcome {
            self.finish(&job, &outcome).await;
            self.inner.logs.close(&id);
        }
    }

    async fn attempt(&self, job: &Job, log: &mut BuildLog) -> Outcome {
        let attempts = job.build.attempts;
        if attempts > ATTEMPTS {
            return Outcome::Failed(Text::new(
                format!("The server ended {ATTEMPTS} times while this build ran; it is not tried again."),
                format!("이 빌드가 도는 동안 서버가 {ATTEMPTS}번 멈추어 더 시도하지 않습니다."),
            ));
        }
        if attempts > 1 {
            log.say(&format!("\nThe server ended while this build ran. It starts again (attempt {attempts}).\n")).await;
        }
        self.build_image(job, log).await.unwrap_or_else(|error| match error {
            BuildError::Refused { detail, fix, .. } => {
                Outcome::Failed(Text::new(format!("{} {}", detail.en, fix.en), format!("{} {}", detail.ko, fix.ko)))
            }
            error => {
                Outcome::Failed(Text::new(format!("The build could not be done: {error}."), format!("빌드를 하지 못했습니다: {error}.")))
            }
        })
    }

    /// Ends when the lease is lost.
    async fn keep_lease(&self, owner: &str, id: &maru_model::BuildId) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            match self.inner.store.keep_lease(id, owner, lease_end()).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%id, %error, "the lease of a build cannot be renewed"),
            }
        }
    }

    async fn finish(&self, job: &Job, outcome: &Outcome) {
        let id = &job.build.id;
        for pause in [1, 5, 15] {
            match self.inner.store.finish_build(&job.build, outcome).await {
                Ok(true) => tracing::info!(%id, login = %job.login, ?outcome, "a build ended"),
                Ok(false) => tracing::debug!(%id, "a build had ended before, or its repository is gone"),
                Err(error) => {
                    tracing::error!(%id, %error, "the end of a build cannot be kept");
                    tokio::time::sleep(Duration::from_secs(pause)).await;
                    continue;
                }
            }
            return;
        }
    }
}

async fn say_end(log: &mut BuildLog, outcome: &Outcome) {
    match outcome {
        Outcome::Succeeded(_) => {}
        Outcome::Failed(reason) => log.say(&format!("\nFAILED: {}\n\n실패: {}\n", reason.en, reason.ko)).await,
        Outcome::Cancelled => log.say("\nCancelled. / 취소되었습니다.\n").await,
    }
}

fn too_long(seconds: u64) -> Text {
    let minutes = seconds.div_ceil(60);
    Text::new(
        format!("The build took longer than {minutes} min and was ended."),
        format!("빌드가 {minutes}분보다 오래 걸려 중단되었습니다."),
    )
}

fn lease_end() -> i64 {
    now_ms().saturating_add(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX))
}
