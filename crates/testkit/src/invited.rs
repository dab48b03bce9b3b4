//! Invitations that nobody had to make, and links of a server that is set up.

use std::time::Duration;

use wardgraph_api::describe::KnownInvitations;
use wardgraph_identity::{
    link::{self, Kind},
    setup::{self, NewLink},
};
use wardgraph_kernel::{Clock, Identity, InvitationId, LinkId, SystemChance};
use wardgraph_store::{Plan, Role, Scope};

use crate::{App, Person};

impl App {
    /// An open invitation of the organization that `inviter` works in, and its token: what would stand in the mailed link.
    pub async fn invitation(&self, inviter: &Person, email: &str, role: &str) -> (InvitationId, String) {
        let id = InvitationId::new(self.clock.now(), &SystemChance);
        let sql = "insert into wardgraph.invitations (invitation_id, organization_id, email, role, inviter_id, organization_name, created_at, expires_at)
                   values ($1, $2, $3, $4, $5::text::uuid, 'An organization', now(), now() + interval '1 year')";
        let (client, organization) = (self.database.watcher().await, &inviter.caller.tenant);
        client.execute(sql, &[&id.uuid(), organization, &email, &role, &inviter.id]).await.unwrap();
        (id, self.invitation_token(id))
    }

    /// The token of an invitation.
    pub fn invitation_token(&self, id: InvitationId) -> String {
        link::token(&self.account_keys, Kind::Invitation, LinkId::from(id.uuid())).expose().to_owned()
    }

    /// The token of a link by which the server gets an administrator; `None` where it has one, unless another one is wanted.
    pub async fn setup_token(&self, another: bool) -> Option<String> {
        let mut unit = self.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic).unwrap();
        let new = NewLink { email: None, another, good_for: Duration::from_hours(1) };
        let made = setup::make(&mut unit.tx(), &new, self.clock.now(), &SystemChance).await.unwrap();
        unit.commit(&[]).await.unwrap();
        made.map(|(_, token)| token.expose().to_owned())
    }
}

impl Person {
    /// Invitations as samples know them. `other` looks after another organization.
    pub(crate) async fn known_invitations(&self, app: &App, other: &Self) -> KnownInvitations {
        KnownInvitations {
            id: app.invitation(self, &format!("open-{}", self.email), "developer").await.0,
            to_somebody_new: app.invitation(self, &format!("new-{}", self.email), "developer").await.1,
            to_the_account: app.invitation(other, &self.email, "developer").await.1,
            setup: app.setup_token(true).await.unwrap(),
            new_address: format!("nobody-{}", self.email),
        }
    }
}
