//! `recourse admin staff`: colleagues' accounts, and what ends when one changes.

use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::output::{confirm, say};
use recourse::base::secret::{Sensitive, base64_url, random_bytes};
use recourse::domain::casework::colleagues;
use recourse::domain::casework::rights::Ended;
use recourse::domain::paging::rota;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, Carrier, Living, Member, NewMember, Role, Which};
use recourse::domain::triage::Queue;
use recourse::domain::unit::{Caller, Unit};
use recourse::error::Error;
use recourse::error::rules::Typed;

use super::declared::Declared;
use super::listings::Session;
use super::{Account, Listing, by_operator, no_account, none_of, say_json, shown, typed};

#[derive(Debug, Subcommand)]
pub(crate) enum StaffCommand {
    /// Make an account. Password and second factor are shown once.
    Add {
        /// The name to sign in with.
        username: String,
        /// advocate, lead, `safeguarding_lead`, auditor or administrator.
        #[arg(long)]
        role: String,
        /// The queues, separated by commas; the usual ones of the role when absent.
        #[arg(long)]
        queues: Option<String>,
        /// Another open account of the same human: they are one person wherever two are asked for.
        #[arg(long, value_name = "NAME")]
        same_person_as: Option<String>,
    },
    /// Give an account a new password and second factor, and end its sessions.
    Reset {
        /// The account.
        username: String,
    },
    /// Open the second factor of an account again, which ten wrong codes have closed. Hear their voice first.
    OpenSecondFactor {
        /// The account.
        username: String,
    },
    /// List the sessions of an account, or end some.
    Sessions {
        /// The account.
        username: String,
        /// End this one, by its id; `all` ends all of them.
        #[arg(long)]
        end: Option<String>,
        /// Print one JSON object, for scripts.
        #[arg(long, conflicts_with = "end")]
        json: bool,
    },
    /// Close an account at once.
    Close {
        /// The account.
        username: String,
    },
    /// Change what an account does here. Its queues stay as they are.
    Role {
        /// The account.
        username: String,
        /// advocate, lead, `safeguarding_lead`, auditor or administrator.
        role: String,
    },
    /// Change an account's queues.
    Queues {
        /// The account.
        username: String,
        /// The queues, separated by commas.
        queues: String,
    },
    /// Declare an identifier of a colleague, or of someone close to them: they never meet a case that names it.
    /// The value is read from the standard input, so that it stays out of the shell's history.
    Declare {
        /// The account.
        username: String,
        /// phone (with its country: +44 …), email, handle, `profile_url`, device, payment; account: the platform's short
        /// name, a space, and the account as the platform calls it; or service: the short name of one at which they work.
        #[arg(long)]
        kind: String,
    },
    /// List open accounts.
    List {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command about colleagues.
pub(super) async fn colleague(app: &Arc<App>, command: StaffCommand) -> Result<(), Error> {
    match command {
        StaffCommand::Add { username, role, queues, same_person_as } => {
            let role = role_of(&role)?;
            let queues = queues.as_deref().map(queue_list).transpose()?.unwrap_or_default();
            let (password, totp) = (new_password(), door::new_secret());
            let hash = app.passwords.hash(password.clone()).await?;
            let other = same_person_as.clone().unwrap_or_default();
            let (totp_secret, is_given) = (totp.clone(), true);
            let new = NewMember { username, role, queues, password_hash: hash, is_given, totp_secret, same_person_as };
            let add = move |tx: &mut Unit<'_>| {
                let added = staff::add(tx, new).map_err(no_account(&other))?;
                let before = staff::count_declared(tx, &added.id)? > 0;
                let name = format!("username:    {}\n", added.username);
                Ok((name + &credentials(&added.username, &password, &totp)?, before))
            };
            if shown(app, add).await? {
                confirm("A closed account had this name: what was declared for it is declared for this one too.")?;
            }
        }
        StaffCommand::Declare { username, kind } => {
            let declared = Declared::read(&kind, typed)?;
            // What it ended is not said: whoever declares may stand beside, and must not learn of a case.
            app.write(Caller::Command("admin"), move |tx| declared.declare(tx, &username)).await?;
            confirm("declared; it is kept sealed, and compared by keyed hash")?;
        }
        StaffCommand::List { json: true } => {
            let data = accounts(app).await?;
            say_json(&Listing { data })?;
        }
        StaffCommand::List { json: false } => {
            for account in accounts(app).await? {
                say(account)?;
            }
        }
        StaffCommand::OpenSecondFactor { username } => {
            let open = move |tx: &mut Unit<'_>| {
                colleagues::open_second_factor_of(tx, &username).map_err(no_account(&username))
            };
            let was_closed = by_operator(app, open).await?;
            confirm(if was_closed { "open again" } else { "it was open, and is" })?;
        }
        StaffCommand::Sessions { username, end: Some(end), .. } => {
            let which = match end.as_str() {
                "all" => Which::All,
                id => Which::This(id.parse().map_err(|_| none_of("end", id, "all, or the id of a session"))?),
            };
            let ended = move |tx: &mut Unit<'_>| {
                colleagues::end_sessions_of(tx, &username, &which).map_err(no_account(&username))
            };
            let count = by_operator(app, ended).await?;
            confirm(format_args!("sessions that have ended: {count}"))?;
        }
        StaffCommand::Sessions { username, end: None, json } => return sessions(app, username, json).await,
        StaffCommand::Reset { .. }
        | StaffCommand::Close { .. }
        | StaffCommand::Role { .. }
        | StaffCommand::Queues { .. } => return change(app, command).await,
    }
    Ok(())
}

/// The open accounts, each with since when its second factor is closed.
async fn accounts(app: &Arc<App>) -> Result<Vec<Account>, Error> {
    let (members, closed) = app.read(|rx| Ok((staff::list(rx)?, staff::closed_factors(rx)?))).await?;
    let closed_at = |member: &Member| closed.iter().find(|(id, _)| *id == member.id).map(|(_, at)| *at);
    Ok(members.into_iter().map(|member| Account::of(closed_at(&member), member)).collect())
}

/// Prints the living sessions of an account.
async fn sessions(app: &Arc<App>, username: String, json: bool) -> Result<(), Error> {
    let living = app
        .read(move |rx| {
            let found = staff::account(rx, &username)?.ok_or(Error::NotFound).map_err(no_account(&username))?;
            staff::sessions_of(rx, &found.member.id)
        })
        .await?;
    if json {
        return say_json(&Listing { data: living.into_iter().map(Session::from).collect() });
    }
    for session in living {
        let Living { id, created_at, seen_at, expires_at, carrier } = session;
        let by = match carrier {
            Carrier::Api => "a tool",
            Carrier::Page => "a browser",
        };
        say(format_args!("{id} since {created_at}, by {by}, last call {seen_at}, until {expires_at} at the latest"))?;
    }
    Ok(())
}

/// What has ended with a right: its holds and proposals, and how many shifts of theirs nobody works now.
type Gone = (Ended, i64);

/// Changes what an account may do, and looks at what is left of it.
fn changed<T>(
    tx: &mut Unit<'_>,
    username: &str,
    change: impl FnOnce(&mut Unit<'_>) -> Result<(T, Ended), Error>,
) -> Result<(T, Gone), Error> {
    let id = staff::account(tx, username)?.map(|account| account.member.id);
    let (done, ended) = change(tx).map_err(no_account(username))?;
    let idle = match id {
        Some(id) => rota::unworked(tx, &id)?,
        None => 0,
    };
    Ok((done, (ended, idle)))
}

/// Changes what an account may do, and says what has ended with it.
async fn change(app: &Arc<App>, command: StaffCommand) -> Result<(), Error> {
    let (ended, idle) = match command {
        StaffCommand::Reset { username } => {
            let (password, totp) = (new_password(), door::new_secret());
            let hash = app.passwords.hash(password.clone()).await?;
            let reset = move |tx: &mut Unit<'_>| {
                let ended = colleagues::reset(tx, &username, &hash, &totp).map_err(no_account(&username))?;
                Ok((credentials(&username, &password, &totp)?, ended))
            };
            (shown(app, reset).await?, 0)
        }
        StaffCommand::Close { username } => {
            let close =
                move |tx: &mut Unit<'_>| changed(tx, &username, |tx| Ok(((), colleagues::close(tx, &username)?)));
            let ((), gone) = by_operator(app, close).await?;
            confirm("closed")?;
            gone
        }
        StaffCommand::Role { username, role } => {
            let role = role_of(&role)?;
            let set = move |tx: &mut Unit<'_>| changed(tx, &username, |tx| colleagues::set_role(tx, &username, role));
            let (member, gone) = by_operator(app, set).await?;
            let queues: Vec<&str> = member.queues.iter().map(|queue| queue.as_str()).collect();
            confirm(format_args!("changed; queues as before: {}", queues.join(",")))?;
            gone
        }
        StaffCommand::Queues { username, queues } => {
            let queues = queue_list(&queues)?;
            let set = move |tx: &mut Unit<'_>| {
                changed(tx, &username, |tx| Ok(((), colleagues::set_queues(tx, &username, &queues)?)))
            };
            let ((), gone) = by_operator(app, set).await?;
            confirm("changed")?;
            gone
        }
        StaffCommand::Add { .. }
        | StaffCommand::Declare { .. }
        | StaffCommand::List { .. }
        | StaffCommand::OpenSecondFactor { .. }
        | StaffCommand::Sessions { .. } => Gone::default(),
    };
    if ended.cases > 0 {
        confirm(format_args!("cases that are free again: {}", ended.cases))?;
    }
    if ended.acts > 0 {
        confirm(format_args!("proposals that are void: {}", ended.acts))?;
    }
    if idle > 0 {
        confirm(format_args!("shifts that nobody works now: {idle}; see recourse admin rota list"))?;
    }
    Ok(())
}

fn role_of(text: &str) -> Result<Role, Error> {
    let known = "advocate, lead, safeguarding_lead, auditor or administrator";
    Role::parse(text).ok_or_else(|| none_of("role", text, known))
}

fn queue_list(text: &str) -> Result<Vec<Queue>, Error> {
    let known = Queue::ALL.iter().map(|queue| queue.as_str()).collect::<Vec<_>>().join(", ");
    let queue = |name: &str| Queue::parse(name).ok_or_else(|| none_of("queues", name, &known));
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Error::invalid("/queues", Typed::Nothing { known }));
    }
    names.into_iter().map(queue).collect()
}

/// 132 random bits: nobody is asked to invent a password.
pub(super) fn new_password() -> Sensitive<String> {
    Sensitive::new(base64_url(&random_bytes::<17>()))
}

pub(super) fn credentials(
    username: &str,
    password: &Sensitive<String>,
    totp: &Sensitive<Vec<u8>>,
) -> Result<String, Error> {
    Ok(format!(
        "password:    {}\ntotp secret: {} (base32: 30 seconds, 6 digits, SHA-1)\notpauth:     {}\n\
         All are shown this once. Hand them over in person. The password ends at the first sign-in, with which they choose \
         one (new_password, 12 characters or more).",
        password.expose(),
        door::base32_secret(totp).expose(),
        door::otpauth(username, totp)?.expose()
    ))
}
