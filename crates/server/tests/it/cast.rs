//! Who plays in the tests of what an organization's members may do.

use wardgraph_testkit::{App, Person};

/// An organization with somebody of four ranks.
pub(crate) struct Cast {
    pub(crate) app: App,
    pub(crate) owner: Person,
    pub(crate) admin: Person,
    pub(crate) developer: Person,
    pub(crate) analyst: Person,
}

impl Cast {
    pub(crate) async fn begin() -> Self {
        let app = App::start().await;
        let owner = app.person("ada@example.com").await;
        let admin = joined(&app, &owner, "bob@example.com", "admin").await;
        let developer = joined(&app, &owner, "dev@example.com", "developer").await;
        let analyst = joined(&app, &owner, "ana@example.com", "analyst").await;
        Self { app, owner, admin, developer, analyst }
    }
}

/// Somebody new who is a member of the organization of `owner`, and works there.
pub(crate) async fn joined(app: &App, owner: &Person, email: &str, role: &str) -> Person {
    owner.takes_in(app, &Person::absent(app, email).await, role).await;
    at(app, email, &owner.caller.tenant).await
}

/// Somebody signs in to an organization.
pub(crate) async fn at(app: &App, email: &str, organization: &str) -> Person {
    Person::at(app, email, organization).await
}
