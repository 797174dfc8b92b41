//! How people of services come: by the token of their session, which is proved in each transaction.

use crate::app::App;
use crate::base::id::ReferralId;
use crate::base::secret::Sensitive;
use crate::db::Share;
use crate::domain::access::{self, Reader};
use crate::domain::desk::Visit;
use crate::domain::ledger::idempotency::{self, Answered, Reply};
use crate::domain::people::staff::Sitting;
use crate::domain::referrals::partners;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;
use crate::web::extract::Call;

/// Reads what no record is kept of, and keeps their session awake.
pub(super) async fn read<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    work: impl FnOnce(&mut Look<'_>, &Reader) -> Result<T> + Send + 'static,
) -> Result<T> {
    let token = bearer.clone();
    let read = move |rx: &mut Look<'_>| {
        let who = access::reader(rx, &token)?;
        Ok((work(rx, &who)?, who.session().is_stale))
    };
    let (answer, is_stale) = call.shared.app.read_for(&call.share(), read).await?;
    if is_stale {
        write(call, bearer, |_, _| Ok(())).await?;
    }
    Ok(answer)
}

/// Does something in their name.
pub(super) async fn write<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    work: impl FnOnce(&mut Unit<'_>, &Reader) -> Result<T> + Send + 'static,
) -> Result<T> {
    let share = call.share();
    let done = call.shared.app.enter(&share, move |entry| {
        let (tx, who) = access::reader_acting(entry, &bearer)?;
        work(tx, &who)
    });
    done.await
}

/// Answers a hand-over, once for each key. A kept answer is given again to whoever may still see what it is of.
pub(super) async fn once(
    call: &Call,
    visit: Visit,
    id: ReferralId,
    work: impl FnOnce(&mut Unit<'_>, &Reader) -> Result<Reply> + Send + 'static,
) -> Result<Answered> {
    let share = call.share();
    let done = call.shared.app.enter(&share, move |entry| {
        let (tx, who) = access::reader_acting(entry, &visit.bearer)?;
        let attempt = visit.keyed?.of(who.account().id.as_str());
        let may_repeat = |tx: &mut Unit<'_>, _: &Owner| partners::check(tx, &who, &id);
        idempotency::once(tx, &attempt, may_repeat, |tx| work(tx, &who))
    });
    done.await
}

/// Whose living session this is, and in whose turn the database works for them: the service's.
pub(in crate::web) async fn holder(app: &App, share: &Share, bearer: Sensitive<String>) -> Result<(String, Share)> {
    let read = move |rx: &mut Look<'_>| {
        let who = access::reader(rx, &bearer)?;
        let id = who.account().id.to_string();
        Ok((id.clone(), Share::part_of(who.service.as_str(), &id)))
    };
    app.read_for(share, read).await
}

/// Looks whether a session lives, for a page that stands open: it keeps none awake.
pub(in crate::web) async fn unnoticed(call: &Call, bearer: Sensitive<String>) -> Result<()> {
    call.shared.app.read_for(&call.share(), move |rx| access::reader(rx, &bearer).map(drop)).await
}

/// Keeps a session awake for a person who is there, and says how long it lasts now.
pub(in crate::web) async fn stay(call: &Call, bearer: Sensitive<String>) -> Result<Sitting> {
    write(call, bearer, |_, who| Ok(who.session().sitting)).await
}

/// Ends a session.
pub(in crate::web) async fn sign_out(call: &Call, bearer: Sensitive<String>) -> Result<()> {
    call.shared.app.enter(&call.share(), move |entry| access::reader_leaves(entry, &bearer)).await
}
