//! Class lists as schools have them: a spreadsheet saved as CSV. [`parse`] reads the text, [`plan`] says what each row comes
//! to; both are pure. Whoever applies a plan twice changes nothing the second time.

mod parse;
mod plan;

pub use parse::{Row, parse};
pub use plan::{Known, Step, login, plan};
