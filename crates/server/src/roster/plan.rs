//! What each row of a roster comes to.

use std::collections::{BTreeMap, BTreeSet};

use maru_model::{Login, Role, Text};

use super::Row;

/// What is known of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub role: Role,
    pub disabled: bool,
    /// Is in the class already.
    pub member: bool,
}

/// What is to be done for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new user, who joins the class.
    Create(Login),
    /// A user who is there joins the class.
    Add(Login),
    Unchanged(Login),
    Refuse(Text),
}

/// The login that a cell names. A student id that is a number gets an `s` in front: a login starts with a letter.
pub fn login(cell: &str) -> Result<Login, Text> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Err(Text::new("The login is missing.", "아이디(학번)가 비어 있습니다."));
    }
    let lower = cell.to_lowercase();
    let named = if lower.starts_with(|c: char| c.is_ascii_digit()) { format!("s{lower}") } else { lower };
    Login::parse(named).map_err(|error| error.text())
}

/// One step for each row. `admin`: whoever imports may also add staff.
pub fn plan(rows: &[Row], known: &BTreeMap<Login, Known>, admin: bool) -> Vec<Step> {
    let mut seen = BTreeSet::new();
    rows.iter()
        .map(|row| {
            let login = match login(&row.login) {
                Ok(login) => login,
                Err(why) => return Step::Refuse(why),
            };
            if !seen.insert(login.clone()) {
                return Step::Refuse(Text::new(
                    format!("{login} is in a row above already."),
                    format!("{login}이(가) 위에 이미 있습니다."),
                ));
            }
            if row.name.chars().count() > 100 || row.name.chars().any(char::is_control) {
                return Step::Refuse(Text::new("The name is one line of at most 100 letters.", "이름은 100자 이하의 한 줄이어야 합니다."));
            }
            match known.get(&login) {
                None => Step::Create(login),
                Some(Known { member: true, .. }) => Step::Unchanged(login),
                Some(Known { disabled: true, .. }) => {
                    Step::Refuse(Text::new(format!("{login} is disabled."), format!("{login}은(는) 사용이 중지된 계정입니다.")))
                }
                Some(Known { role, .. }) if *role != Role::Student && !admin => Step::Refuse(Text::new(
                    format!("{login} is not a student: an administrator can add them."),
                    format!("{login}은(는) 학생이 아닙니다. 관리자가 넣을 수 있습니다."),
                )),
                Some(_) => Step::Add(login),
            }
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(login: &str) -> Row {
        Row { line: 1, login: login.to_owned(), name: String::new() }
    }

    fn known(login: &str, role: Role, disabled: bool, member: bool) -> (Login, Known) {
        (Login::parse(login).unwrap(), Known { role, disabled, member })
    }

    #[test]
    fn each_row_by_what_is_known_of_it() {
        let known = BTreeMap::from([
            known("mina", Role::Student, false, true),
            known("juno", Role::Student, false, false),
            known("gone", Role::Student, true, false),
            known("teacher", Role::Instructor, false, false),
        ]);
        let login = |login: &str| Login::parse(login).unwrap();
        let steps = |rows: &[&str], admin| plan(&rows.iter().map(|login| row(login)).collect::<Vec<_>>(), &known, admin);
        let done = steps(&["mina", "JUNO", "new", "20231234", "new"], false);
        assert_eq!(
            done[..4],
            [Step::Unchanged(login("mina")), Step::Add(login("juno")), Step::Create(login("new")), Step::Create(login("s20231234"))]
        );
        assert!(matches!(done[4], Step::Refuse(_)));
        for refused in ["", "gone", "teacher", "김미나", "a b", "root@x"] {
            assert!(matches!(steps(&[refused], false)[..], [Step::Refuse(_)]), "{refused}");
        }
        assert_eq!(steps(&["teacher"], true), [Step::Add(login("teacher"))]);
    }

    proptest! {
        /// After a plan was carried out, the same plan changes nothing.
        #[test]
        fn twice_is_once(cells in proptest::collection::vec("[a-cA-C1 -]{0,3}", 0..12)) {
            let rows: Vec<_> = cells.iter().map(|cell| row(cell)).collect();
            let mut known = BTreeMap::new();
            let first = plan(&rows, &known, false);
            for step in &first {
                if let Step::Create(login) | Step::Add(login) = step {
                    known.insert(login.clone(), Known { role: Role::Student, disabled: false, member: true });
                }
            }
            for (before, after) in first.iter().zip(plan(&rows, &known, false)) {
                match before {
                    Step::Refuse(why) => prop_assert_eq!(after, Step::Refuse(why.clone())),
                    Step::Create(login) | Step::Add(login) | Step::Unchanged(login) => prop_assert_eq!(after, Step::Unchanged(login.clone())),
                }
            }
        }
    }
}
