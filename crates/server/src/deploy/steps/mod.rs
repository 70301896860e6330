//! The four steps. Each may be done twice: a server that was killed in the middle of one does it again.

mod build;
mod check;
mod commit;
mod refresh;
mod rollout;

pub use build::build;
pub use check::check;
pub use commit::commit;
pub use refresh::refresh;
pub use rollout::rollout;
