//! Roles that nobody had to make, and who holds them.

use wardgraph_kernel::{GrantId, UserId};

use crate::{App, Person};

impl App {
    /// A role of the organization that `person` works in, as somebody made it long ago.
    pub async fn role(&self, person: &Person, name: &str, allows: &[&str], denies: &[&str], inherits: &[&str]) {
        let (client, organization) = (self.database.watcher().await, &person.caller.tenant);
        let sql = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at)
                   values ($1, $2, '', $3, $4, $5, now(), now())";
        client.execute(sql, &[organization, &name, &allows, &denies, &inherits]).await.unwrap();
        let raise = "update wardgraph.organizations set roles_version = roles_version + 1 where organization_id = $1";
        client.execute(raise, &[organization]).await.unwrap();
    }

    /// Has a member of the organization that `person` works in hold a role.
    pub async fn granted(&self, person: &Person, member: &str, role: &str) -> GrantId {
        let (client, organization) = (self.database.watcher().await, &person.caller.tenant);
        let sql = "insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at)
                   values ($1, gen_random_uuid(), $2::text::uuid, $3, 'operator', now()) returning grant_id";
        let row = client.query_one(sql, &[organization, &member, &role]).await.unwrap();
        let raise = "update wardgraph.organizations set grants_version = grants_version + 1 where organization_id = $1";
        client.execute(raise, &[organization]).await.unwrap();
        row.get::<_, uuid::Uuid>(0).into()
    }
}

impl Person {
    /// A role of the person's organization that nobody holds, and one of two grants of others: a list has more than one page.
    pub(crate) async fn known_roles(&self, app: &App, member: UserId) -> (String, GrantId) {
        app.role(self, "known-role", &["nodes:read"], &[], &[]).await;
        app.granted(self, &member.to_string(), "data_scientist").await;
        ("known-role".to_owned(), app.granted(self, &member.to_string(), "analyst").await)
    }
}
