//! A client to which somebody agreed, as the tests that walk the endpoint table need one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;
use wardgraph_api::describe::KnownAgreement;
use wardgraph_kernel::{Clock, SystemChance};
use wardgraph_oauth::device::UserCode;
use wardgraph_tokens::IdKind;

use crate::{App, Person};

const REDIRECT: &str = "https://app.example/cb";

impl App {
    /// A public client, and that this person agreed to tell it who they are.
    pub(crate) async fn agreement_of(&self, person: &Person) -> KnownAgreement {
        let registered = json!({
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
            "redirect_uris": [REDIRECT],
            "scopes": ["openid"],
            "role": null,
        });
        let client = self.client_of(person, registered).await;
        let payload = person.caller.token.as_ref().unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let (user, organization) = (claims["sub"].as_str().unwrap(), claims["tenant_id"].as_str().unwrap());
        let sql = "insert into wardgraph.consents values (gen_random_uuid(), $1::text::uuid, $2, $3, 'a client', '{openid}', now(), now()) returning consent_id";
        let row = self.database.watcher().await.query_one(sql, &[&user, &client.id, &organization]).await.unwrap();
        let code = UserCode::generate(&SystemChance);
        let sql = "insert into wardgraph.device_authorizations (code_id, verifier, user_code, client_id, scopes, created_at, expires_at, interval_s)
                   values (gen_random_uuid(), '', $1, $2, '{openid}', now(), $3, 5)";
        let until = self.clock.now() + std::time::Duration::from_mins(10);
        self.database.watcher().await.execute(sql, &[&code.verifier(), &client.id, &until]).await.unwrap();
        let said = json!({ "iss": self.issuer.iss(), "sub": user, "aud": client.id, "exp": self.clock.now().as_second() });
        let Value::Object(said) = said else { unreachable!() };
        let id_token = self.issuer.sign_claims(IdKind::Id, &said, None, self.clock.now()).unwrap();
        KnownAgreement {
            client_id: client.id,
            redirect_uri: REDIRECT.into(),
            organization: organization.into(),
            consent: row.get::<_, Uuid>(0).into(),
            id_token: id_token.expose().to_owned(),
            user_code: code.to_string(),
        }
    }
}
