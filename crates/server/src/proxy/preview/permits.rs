//! Who may see which preview. The preview's host never sees the IDE's cookie: the IDE hands out a ticket that is
//! good for one entry within a minute, and the preview's host makes of it a cookie of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use maru_model::UserId;
use maru_workspace::Visibility;

use crate::auth::secret;

const TICKET: Duration = Duration::from_secs(60);
/// A day at the keyboard; the way back in is a redirect that nobody notices.
pub(super) const PASS: Duration = Duration::from_secs(12 * 60 * 60);
/// More than any class needs; the oldest go first.
const MOST: usize = 20_000;

/// Why somebody may see a private preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Owner,
    /// An instructor or administrator, whose visit the owner can see in the log.
    Staff,
    /// A fellow of the class, as long as the port is shared with it.
    Class,
}

impl Grant {
    pub(super) fn holds(self, visibility: Visibility) -> bool {
        match self {
            Self::Owner | Self::Staff => true,
            Self::Class => visibility != Visibility::Private,
        }
    }
}

/// The preview of one port of one user's workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) owner: UserId,
    pub(super) port: u16,
}

#[derive(Debug)]
struct Permit {
    place: Place,
    grant: Grant,
    ends: Instant,
}

/// Tickets and passes in memory: after a restart of the server, browsers are sent for a new ticket.
#[derive(Clone, Debug, Default)]
pub struct PreviewAccess(Arc<Mutex<Permits>>);

#[derive(Debug, Default)]
struct Permits {
    tickets: HashMap<String, Permit>,
    passes: HashMap<String, Permit>,
}

impl PreviewAccess {
    /// A ticket for one entry.
    pub(super) fn ticket(&self, place: Place, grant: Grant) -> String {
        let ticket = secret::random(32);
        add(&mut self.lock().tickets, &ticket, Permit { place, grant, ends: Instant::now() + TICKET });
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

    /// Whether this pass opens this place, as it is shared now.
    pub(super) fn opens(&self, pass: &str, place: &Place, visibility: Visibility) -> bool {
        let permits = self.lock();
        let permit = permits.passes.get(&secret::hash(pass));
        permit.is_some_and(|p| p.place == *place && p.ends > Instant::now() && p.grant.holds(visibility))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Permits> {
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
        let access = PreviewAccess::default();
        let place = Place { owner: UserId::generate(), port: 8000 };
        let other = Place { port: 8001, ..place.clone() };
        let ticket = access.ticket(place.clone(), Grant::Owner);
        let pass = access.enter(&ticket, &place).unwrap();
        assert!(access.enter(&ticket, &place).is_none(), "once");
        assert!(access.opens(&pass, &place, Visibility::Private));
        assert!(!access.opens(&pass, &other, Visibility::Class), "in its place");
        assert!(!access.opens(&ticket, &place, Visibility::Class), "a ticket is no pass");
        assert!(access.enter(&access.ticket(place.clone(), Grant::Owner), &other).is_none());
    }

    #[test]
    fn a_fellow_leaves_when_the_port_is_private_again() {
        let access = PreviewAccess::default();
        let place = Place { owner: UserId::generate(), port: 8000 };
        let pass = access.enter(&access.ticket(place.clone(), Grant::Class), &place).unwrap();
        assert!(access.opens(&pass, &place, Visibility::Class));
        assert!(!access.opens(&pass, &place, Visibility::Private));
    }
}
