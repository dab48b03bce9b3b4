//! People with accounts, and the mail they get.

use std::sync::{Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use wardgraph_api::describe::{KnownAccount, KnownMfa};
use wardgraph_identity::mail::{MailError, Mailer, Message};
use wardgraph_kernel::Clock;

use crate::{App, Caller};

/// A mailer that keeps what it is given.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<Vec<Message>>);

impl Mailbox {
    /// Everything that was mailed so far.
    pub fn all(&self) -> Vec<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was mailed to this address, the newest last.
    pub fn to(&self, email: &str) -> Vec<Message> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|message| message.to == email).cloned().collect()
    }

    /// The token of the newest link to this page that was mailed to this address.
    pub fn token(&self, email: &str, page: &str) -> String {
        let of = |message: &Message| {
            let rest = message.text.split_once(&format!("/{page}?token="))?.1;
            rest.split_whitespace().next().map(str::to_owned)
        };
        self.to(email).iter().rev().find_map(of).expect("a link was mailed")
    }
}

#[async_trait::async_trait]
impl Mailer for Mailbox {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
        Ok(())
    }
}

/// The password of everyone in tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody who signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Calls with the access token.
    pub caller: Caller,
    /// The address.
    pub email: String,
    /// The account's id.
    pub id: String,
    /// The session's id.
    pub session: String,
    /// The refresh token.
    pub refresh_token: String,
}

impl Person {
    pub(crate) async fn signed_in(app: &App, email: &str) -> Self {
        registered(app, email).await;
        Self::again(app, email).await
    }

    /// Somebody new who is an administrator of the server, and not the only one, from before they signed in.
    pub(crate) async fn administrator(app: &App, email: &str) -> Self {
        registered(app, email).await;
        administers(app, email).await;
        Self::again(app, email).await
    }

    /// Somebody who has an account and is signed in nowhere: calls as a stranger.
    pub async fn absent(app: &App, email: &str) -> Self {
        registered(app, email).await;
        let sql = "select u.user_id::text, o.organization_id from wardgraph.users u
                   join wardgraph.organizations o on o.owner_id = u.user_id where u.email = $1";
        let row = app.database.watcher().await.query_one(sql, &[&email]).await.unwrap();
        let mut caller = app.stranger();
        caller.tenant = row.get(1);
        Self { caller, email: email.to_owned(), id: row.get(0), session: String::new(), refresh_token: String::new() }
    }

    /// Somebody signs in to an organization.
    pub async fn at(app: &App, email: &str, organization: &str) -> Self {
        let credentials = json!({ "email": email, "password": PASSWORD, "organization": organization });
        Self::of(app, email, &app.stranger().post("/api/v1/auth/login", &credentials).await.ok())
    }

    /// Somebody who has an account signs in again.
    pub async fn again(app: &App, email: &str) -> Self {
        let credentials = json!({ "email": email, "password": PASSWORD });
        Self::of(app, email, &app.stranger().post("/api/v1/auth/login", &credentials).await.ok())
    }

    /// Who has these tokens.
    pub fn of(app: &App, email: &str, tokens: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let access = text(&tokens["access_token"]);
        let payload = access.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&B64.decode(payload).unwrap()).unwrap();
        let mut caller = app.bearer(&access);
        caller.tenant = text(&claims["tenant_id"]);
        Self {
            caller,
            email: email.to_owned(),
            id: text(&claims["sub"]),
            session: text(&claims["sid"]),
            refresh_token: text(&tokens["refresh_token"]),
        }
    }

    /// Adds an authenticator app, and tells it.
    pub async fn adds_an_app(&self, app: &App) -> Authenticator {
        let begun = self.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created();
        Authenticator::begun(app, &begun).await
    }

    /// Somebody who has a second factor signs in again, by a recovery code.
    pub async fn again_with(app: &App, email: &str, recovery_code: &str) -> Self {
        let asked = Self::signing_in(app, email).await;
        let shown = json!({ "mfa_token": asked["mfa_token"], "recovery_code": recovery_code });
        Self::of(app, email, &app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok())
    }

    /// A link of its own for whoever is not the person: what it opens is gone once it was used.
    async fn disown_token(&self, app: &App) -> String {
        let other = app.person(&format!("denies-{}", self.email)).await;
        other.adds_an_app(app).await;
        for _ in 0..1_000 {
            app.mail_everything().await;
            if app.mails.to(&other.email).iter().any(|message| message.text.contains("/not-me?token=")) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        app.mails.token(&other.email, "not-me")
    }

    async fn known_mfa(&self, app: &App, authenticator: &Authenticator) -> KnownMfa {
        let asked = Self::signing_in(app, &self.email).await;
        let required = Self::absent(app, &format!("required-{}", self.email)).await;
        let sql = "update wardgraph.organizations set requires_mfa = true where organization_id = $1";
        app.database.watcher().await.execute(sql, &[&required.caller.tenant]).await.unwrap();
        let to_enrol = Self::signing_in(app, &required.email).await;
        KnownMfa {
            factor: serde_json::from_value(authenticator.enabled["factor_id"].clone()).unwrap(),
            mfa_token: asked["mfa_token"].as_str().unwrap().to_owned(),
            // The clock stands still, and the code of this step was used.
            code: authenticator.code(app, 1),
            enrolment_token: to_enrol["mfa_token"].as_str().unwrap().to_owned(),
        }
    }

    /// What a sign-in with the right password is answered with.
    pub async fn signing_in(app: &App, email: &str) -> Value {
        app.stranger().post("/api/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.ok()
    }

    /// The same person as an administrator of the server, signed in anew; not the only one.
    pub async fn made_administrator(&self, app: &App) -> Self {
        administers(app, &self.email).await;
        self.holds_otherwise(app).await;
        Self::again(app, &self.email).await
    }

    /// Has every server know that the person holds other roles than a moment ago, wherever they are a member.
    pub async fn holds_otherwise(&self, app: &App) {
        let sql = "with raised as (
                     update wardgraph.organizations o set grants_version = o.grants_version + 1 from wardgraph.memberships m
                     where m.organization_id = o.organization_id and m.user_id = $1::text::uuid returning o.organization_id, o.grants_version)
                   insert into wardgraph.changes (tenant_id, kind, subject, number, until)
                   select organization_id, 'grants_changed', organization_id || '/user/' || $1::text, grants_version, now() + interval '2 hours' from raised";
        app.database.watcher().await.execute(sql, &[&self.id]).await.unwrap();
        app.hear().await;
    }

    /// Has somebody be a member of the person's organization.
    pub async fn takes_in(&self, app: &App, member: &Self, role: &str) {
        let sql = "insert into wardgraph.memberships (organization_id, user_id, role, created_at) values ($1, $2::text::uuid, $3, now())
                   on conflict (organization_id, user_id) do update set role = $3";
        let organization = &self.caller.tenant;
        app.database.watcher().await.execute(sql, &[organization, &member.id, &role]).await.unwrap();
    }

    /// The account as samples know it: with a second factor, a key, other sessions, and links that were mailed; and a recovery code of it.
    pub(crate) async fn known(&self, app: &App) -> (KnownAccount, String) {
        let wanted = json!({ "name": "known", "scopes": ["nodes:read"] });
        let key = self.caller.post("/api/v1/users/me/api-keys", &wanted).await.created();
        // The session that is ended by its id is not the one whose token is used.
        let authenticator = self.adds_an_app(app).await;
        let [for_ended, for_used, left] = [0, 1, 2].map(|place| authenticator.recovery_code(place));
        let ended = Self::again_with(app, &self.email, &for_ended).await;
        let used = Self::again_with(app, &self.email, &for_used).await;
        let member = Self::absent(app, &format!("member-of-{}", self.email)).await;
        // An owner too, so that the person can leave.
        self.takes_in(app, &member, "owner").await;
        let reset = json!({ "email": self.email });
        assert_eq!(app.stranger().post("/api/v1/auth/password-reset", &reset).await.status, 202);
        // Another task of the same test may have claimed it, and be about to hand it over.
        for _ in 0..1_000 {
            app.mail_everything().await;
            if app.mails.to(&self.email).len() >= 2 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // Who signs in with the password alone has no second factor.
        let plain = Self::absent(app, &format!("plain-{}", self.email)).await;
        let known = KnownAccount {
            mfa: self.known_mfa(app, &authenticator).await,
            invitations: self.known_invitations(app, &plain).await,
            email: plain.email,
            password: PASSWORD.into(),
            session: serde_json::from_value(json!(ended.session)).unwrap(),
            refresh_token: used.refresh_token,
            verify_token: app.mails.token(&self.email, "verify-email"),
            reset_token: app.mails.token(&self.email, "reset-password"),
            member: serde_json::from_value(json!(member.id)).unwrap(),
            disown_token: self.disown_token(app).await,
            api_key: serde_json::from_value(key["id"].clone()).unwrap(),
        };
        (known, left)
    }
}

/// Somebody registers, unless the address is taken.
async fn registered(app: &App, email: &str) {
    let new = json!({ "email": email, "password": PASSWORD, "name": "Grace Hopper" });
    assert_eq!(app.stranger().post("/api/v1/auth/register", &new).await.status, 202);
}

/// Has an account administer the server, and another one that nobody signs in to.
async fn administers(app: &App, email: &str) {
    let client = app.database.watcher().await;
    client.execute("update wardgraph.users set global_role = 'super_admin' where email = $1", &[&email]).await.unwrap();
    let spare = "insert into wardgraph.users (user_id, email, name, global_role, created_at, updated_at)
                 values (gen_random_uuid(), 'spare@example.com', 'Spare', 'super_admin', now(), now()) on conflict do nothing";
    client.execute(spare, &[]).await.unwrap();
}

/// An authenticator app.
#[derive(Debug, Clone)]
pub struct Authenticator {
    /// What it was told, in base32.
    pub secret: String,
    /// What the server answered to its first code.
    pub enabled: Value,
}

impl Authenticator {
    /// The app that was told what an enrolment was answered with, once its first code was shown.
    pub async fn begun(app: &App, begun: &Value) -> Self {
        let secret = begun["secret"].as_str().unwrap().to_owned();
        let shown = json!({ "mfa_token": begun["mfa_token"], "code": code(&secret, app.clock.now().as_second()) });
        Self { enabled: app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok(), secret }
    }

    /// One of the recovery codes that its first code brought.
    pub fn recovery_code(&self, place: usize) -> String {
        self.enabled["recovery_codes"][place].as_str().unwrap().to_owned()
    }

    /// The code of the present step, or of one so many steps later.
    pub fn code(&self, app: &App, later: i64) -> String {
        code(&self.secret, app.clock.now().as_second() + 30 * later)
    }
}

/// The octets of a secret in base32.
pub fn octets(secret: &str) -> Vec<u8> {
    totp_rs::Secret::try_from_base32(secret).unwrap().as_bytes().to_vec()
}

/// The code of a secret in base32 at a second.
pub fn code(secret: &str, second: i64) -> String {
    let totp = totp_rs::Builder::new().with_secret(octets(secret)).build().unwrap();
    totp.generate(u64::try_from(second).unwrap()).to_string()
}
