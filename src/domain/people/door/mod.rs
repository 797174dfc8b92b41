//! The door to which people come with a name, a password and a code: colleagues, and people of services. It knows what passwords
//! may be, what people mean when they type, and what it remembers of each account. Whose account one is, their rooms know.

mod attempt;
mod chosen;
mod holder;
mod passwords;
mod second_factor;
mod sign_ins;
mod turns;
pub mod typed;

pub use attempt::{Attempt, Tried};
pub use chosen::judge as judge_chosen;
pub(in crate::domain) use holder::{Arriving, Holder};
pub use passwords::Passwords;
pub use second_factor::{base32_secret, code_at, new_secret, otpauth};
pub(in crate::domain) use sign_ins::{begin, closed, holds_of, lock, open_again, prove, renew};
pub use sign_ins::{note_refusals, refusals_due};
