//! The preview's host never sees the IDE's cookie: the IDE hands out a ticket that is good for one entry within a
//! minute, and the preview's host makes of it a cookie of its own, a pass.
//!
//! Both name the credential that their holder came with. That one is looked up at every request, so a pass ends with
//! the session: the next person at this computer does not see the preview of the one who has logged out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use maru_model::UserId;
use maru_store::users::CredentialKind;

use crate::auth::secret;

const TICKET: Duration = Duration::from_secs(60);
/// A day at the keyboard; the way back in is a redirect that nobody notices.
pub(super) const PASS: Duration = Duration::from_secs(12 * 60 * 60);
/// More than any class needs; the oldest go first.
const MOST: usize = 20_000;

/// The preview of one port of one user's workspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) owner: UserId,
    pub(super) port: u16,
}

/// Somebody, by the credential that they came with; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Session(String),
    Token(String),
}

impl Holder {
    pub(super) fn session(secret: &str) -> Self {
        Self::Session(secret::hash(secret))
    }

    pub(super) fn token(secret: &str) -> Self {
        Self::Token(secret::hash(secret))
    }

    pub(super) fn credential(&self) -> (&str, CredentialKind) {
        match self {
            Self::Session(hash) => (hash, CredentialKind::Session),
            Self::Token(hash) => (hash, CredentialKind::Token),
        }
    }
}

#[derive(Debug)]
struct Permit {
    place: Place,
    holder: Holder,
    ends: Instant,
}

/// Tickets and passes in memory: after a restart of the server, browsers are sent for a new ticket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permits(Arc<Mutex<Both>>);

#[derive(Debug, Default)]
struct Both {
    tickets: HashMap<String, Permit>,
    passes: HashMap<String, Permit>,
}

impl Permits {
    /// A ticket for one entry.
    pub(super) fn ticket(&self, place: Place, holder: Holder) -> String {
        let ticket = secret::random(32);
        add(&mut self.lock().tickets, &ticket, Permit { place, holder, ends: Instant::now() + TICKET });
        ticket
    }

    /// Takes a ticket at the place that it is for; gives a pass.
    pub(super) fn enter(&self, ticket: &str, place: &Place) -> Option<String> {
        let mut permits = self.lock();
        let permit = permits.tickets.remove(&secret::hash(ticket))?;
        if permit.ends <= Instant::now() || permit.place != *place {
            return None;
        }
        let pass = secret::random(32);
        add(&mut permits.passes, &pass, Permit { ends: Instant::now() + PASS, ..permit });
        Some(pass)
    }

    /// Whose pass this is, where it is one for this place. Whether they may enter is another question.
    pub(super) fn holder(&self, pass: &str, place: &Place) -> Option<Holder> {
        let permits = self.lock();
        let permit = permits.passes.get(&secret::hash(pass))?;
        (permit.place == *place && permit.ends > Instant::now()).then(|| permit.holder.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Both> {
        // Nothing under this lock panics, and the maps would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only hashes are kept: what is in memory opens nothing.
fn add(permits: &mut HashMap<String, Permit>, secret: &str, permit: Permit) {
    let now = Instant::now();
    if permits.len() >= MOST {
        permits.retain(|_, p| p.ends > now);
    }
    if permits.len() >= MOST
        && let Some(oldest) = permits.iter().min_by_key(|(_, p)| p.ends).map(|(hash, _)| hash.clone())
    {
        permits.remove(&oldest);
    }
    permits.insert(secret::hash(secret), permit);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_and_in_its_place() {
        let permits = Permits::default();
        let mina = Holder::session("cookie");
        let place = Place { owner: UserId::generate(), port: 8000 };
        let other = Place { port: 8001, ..place.clone() };
        let ticket = permits.ticket(place.clone(), mina.clone());
        let pass = permits.enter(&ticket, &place).unwrap();
        assert!(permits.enter(&ticket, &place).is_none(), "once");
        assert_eq!(permits.holder(&pass, &place), Some(mina.clone()));
        assert_eq!(permits.holder(&pass, &other), None, "in its place");
        assert_eq!(permits.holder(&ticket, &place), None, "a ticket is no pass");
        assert!(permits.enter(&permits.ticket(place.clone(), mina), &other).is_none());
    }
}
