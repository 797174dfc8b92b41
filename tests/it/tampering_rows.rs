//! A row of an account or a credential that somebody else wrote: no change makes it good, and it can be ended.

use recourse::base::secret::hex;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::watch::soundness::{self, Finding};

use crate::harness::{TEST, World, on_both};

/// Where an edit would be used.
#[derive(Clone)]
enum Used {
    /// This token signs in a colleague.
    Session(String),
    /// This name has an account.
    Account(String),
    /// This access token counts.
    Token(String),
}

impl Used {
    async fn holds(&self, world: &World) -> bool {
        match self {
            Self::Session(token) => holds(world.caller(token).get("/v1/triage/queues").await.status),
            Self::Token(token) => holds(world.caller(token).get("/v1/status").await.status),
            Self::Account(name) => {
                let name = name.clone();
                world.app.read(move |rx| Ok(staff::account(rx, &name)?.is_some())).await.unwrap()
            }
        }
    }
}

fn holds(status: u16) -> bool {
    assert!(status == 200 || status == 401, "{status}");
    status == 200
}

/// Bytes as the database writes them.
pub(crate) fn literal(world: &World, bytes: &[u8]) -> String {
    let hex = hex(bytes);
    if world.config.database_url.is_some() { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
}

async fn forged(world: &World) -> Vec<Finding> {
    world.app.read(soundness::proofs).await.unwrap()
}

#[test]
fn a_change_does_not_make_good_what_somebody_else_wrote_and_the_row_can_be_closed() {
    on_both(|world| async move {
        let who = world.staff(Role::Advocate).await;
        let spark = world.platform("spark").await;
        world.tamper(&format!("UPDATE staff SET role = 'safeguarding_lead' WHERE id = '{}'", who.id));
        world.tamper(&format!("UPDATE platform_clients SET epoch = 7 WHERE id = '{}'", spark.client_id));
        let (name, client) = (who.username.clone(), spark.client_id.parse().unwrap());
        let change = world.app.write(TEST, move |tx| {
            let queues = [recourse::domain::triage::Queue::Fraud];
            let queues = recourse::domain::casework::colleagues::set_queues(tx, &name, &queues).is_err();
            let secret = recourse::domain::webhooks::rotate_client(tx, &client).is_err();
            Ok((queues, secret))
        });
        assert_eq!(change.await.unwrap(), (true, true));
        assert_eq!(forged(&world).await.len(), 2);
        let (name, client) = (who.username.clone(), spark.client_id.parse().unwrap());
        let end = world.app.write(TEST, move |tx| {
            recourse::domain::casework::colleagues::close(tx, &name)?;
            recourse::domain::webhooks::revoke_client(tx, &client)
        });
        end.await.unwrap();
        assert_eq!(forged(&world).await, []);
        for used in [Used::Session(who.caller.token.clone()), Used::Token(spark.caller.token.clone())] {
            assert!(!used.holds(&world).await);
        }
        assert!(!Used::Account(who.username.clone()).holds(&world).await);
    });
}
