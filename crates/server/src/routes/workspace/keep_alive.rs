//! Until when a workspace is kept from being stopped for idleness: decisions only.

use std::time::Duration;

use jiff::Timestamp;
use maru_model::Text;
use serde::Deserialize;

use crate::error::ApiError;

const HOUR: u64 = 60 * 60;
/// The farthest that an owner may keep it awake, from now.
pub const OWNER_MAX: Duration = Duration::from_secs(12 * HOUR);
/// The same for instructors and administrators.
pub const STAFF_MAX: Duration = Duration::from_secs(14 * 24 * HOUR);

/// What is asked for: a time, or some hours more.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    until: Option<Timestamp>,
    hours: Option<f64>,
}

impl Wanted {
    /// The time that this comes to. Hours are counted from now, or from the time that it is kept until `present`.
    ///
    /// # Errors
    /// 400 for a time that is over, or farther away than `most`.
    pub fn until(&self, present: Option<Timestamp>, now: Timestamp, most: Duration) -> Result<Timestamp, ApiError> {
        let from = present.filter(|&present| present > now).unwrap_or(now);
        let hours = self.hours.unwrap_or(1.0);
        let later = Duration::try_from_secs_f64(hours * HOUR as f64).ok().and_then(|wait| from.checked_add(wait).ok());
        let latest = now.checked_add(most).unwrap_or(Timestamp::MAX);
        match self.until.or(later) {
            // One hour more than the most is the most: the button does not fail.
            Some(_) if self.until.is_none() && from < latest && later > Some(latest) => Ok(latest),
            Some(until) if until > now && until <= latest => Ok(until),
            _ => Err(ApiError::bad_request(Text::new(
                format!("A workspace can be kept awake until a time to come, at most {} hours from now.", most.as_secs() / HOUR),
                format!("작업 공간은 지금부터 {}시간 안의 시각까지만 켜 둘 수 있습니다.", most.as_secs() / HOUR),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_add_up_and_times_are_bounded() {
        let hour = |hour: u64| Timestamp::UNIX_EPOCH.checked_add(Duration::from_secs(hour * HOUR)).unwrap();
        let now = hour(100);
        let until = |wanted: Wanted, present| wanted.until(present, now, OWNER_MAX).ok();
        assert_eq!(until(Wanted::default(), None), Some(hour(101)));
        assert_eq!(until(Wanted::default(), Some(hour(90))), Some(hour(101)), "what is over counts for nothing");
        assert_eq!(until(Wanted::default(), Some(hour(101))), Some(hour(102)));
        assert_eq!(until(Wanted { hours: Some(3.0), ..Wanted::default() }, None), Some(hour(103)));
        assert_eq!(until(Wanted { hours: Some(3.0), ..Wanted::default() }, Some(hour(111))), Some(hour(112)));
        for hours in [-1.0, f64::NAN, f64::INFINITY, 1e300, 0.0] {
            assert_eq!(until(Wanted { hours: Some(hours), ..Wanted::default() }, None), None, "{hours}");
        }
        let at = |time| Wanted { until: Some(time), hours: None };
        assert_eq!(until(at(hour(105)), Some(hour(110))), Some(hour(105)));
        assert_eq!(until(at(hour(113)), None), None);
        assert_eq!(until(at(hour(99)), None), None);
    }
}
