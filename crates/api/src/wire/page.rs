//! What browsers send to pages, where it is not what programs send, too.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use wardgraph_kernel::{Permission, Secret};

use super::{
    Name, SecretText,
    api_key::NewApiKey,
    auth::Credentials,
    mfa::{Method, NewEnrolment, NewFactor, Shown},
    passkey::Credential,
};
pub use super::{
    done::{Done, Notice},
    fields::object,
};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// How much of an address is looked at.
const MOST_PATH: usize = 4_096;

/// The path and query of a page of this server's. Nothing else can be made into one: not another site, however it is spelled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct LocalPath(String);

impl LocalPath {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One path of this server's; `None` for what a browser could read as another site's address.
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let local = text.starts_with('/') && !text.starts_with("//") && text.len() <= MOST_PATH;
        // As `/./` and `/a/..//` are shortened by browsers, none may be left over that begins like another site.
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let plain = path.split('/').skip(1).all(|part| !matches!(undotted(part).as_str(), "." | "..")) && !path.contains("//");
        (visible && local && plain).then(|| Self(text.to_owned()))
    }
}

/// A part of a path with its dots as browsers read them.
fn undotted(part: &str) -> String {
    part.to_ascii_lowercase().replace("%2e", ".")
}

impl TryFrom<String> for LocalPath {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("must be the path of a page of this server")
    }
}

/// How the page of a sign-in was come to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coming {
    /// Where to go afterwards.
    #[serde(default)]
    pub return_to: Option<LocalPath>,
    /// What was done just now.
    #[serde(default)]
    pub done: Option<Done>,
    /// The organization to work in, by its id.
    #[serde(default)]
    pub organization: Option<String>,
    /// Who is probably there.
    #[serde(default)]
    pub email: Option<String>,
}

impl Validate for Coming {
    fn validate(&self, faults: &mut Faults) {
        if let Some(organization) = &self.organization {
            faults.text("organization", organization, 1, 63);
        }
    }
}

/// Who signs in with a browser.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInForm {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: SecretText,
    /// Where to go afterwards.
    #[serde(default)]
    pub return_to: Option<LocalPath>,
    /// Whether the page offers passkeys: it does so again.
    #[serde(default)]
    pub passkeys: Option<String>,
    /// The organization to work in, by its id; the account's first one if none is named.
    #[serde(default)]
    pub organization: Option<String>,
}

impl SignInForm {
    /// What a program would send.
    pub fn credentials(self) -> (Credentials, Option<LocalPath>) {
        let (email, password, organization) = (self.email, self.password, self.organization);
        (Credentials { email, password, organization, refresh_token: None }, self.return_to)
    }
}

impl Validate for SignInForm {
    fn validate(&self, faults: &mut Faults) {
        self.clone().credentials().0.validate(faults);
    }
}

impl Body for SignInForm {
    fn example(known: &Known) -> Value {
        json!({ "email": known.account.email, "password": known.account.password, "return_to": "/account" })
    }
}

/// A second factor, shown by a browser.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorForm {
    /// The token of the sign-in, or of the factor that is being added.
    pub mfa_token: SecretText,
    /// A code of an authenticator app.
    #[serde(default)]
    pub code: Option<SecretText>,
    /// A recovery code.
    #[serde(default)]
    pub recovery_code: Option<SecretText>,
    /// What the browser says of a passkey: `PublicKeyCredential.toJSON()`, written out.
    #[serde(default)]
    pub credential: Option<CredentialText>,
    /// Where to go afterwards.
    #[serde(default)]
    pub return_to: Option<LocalPath>,
    /// The kind of the factor that is being added: the page is another then.
    #[serde(default)]
    pub adding: Option<String>,
    /// What the page offered: it does so again.
    #[serde(default)]
    pub methods: Vec<String>,
}

impl SecondFactorForm {
    /// What a program would send.
    pub fn shown(self) -> (Shown, Option<LocalPath>) {
        let code = self.code.map(|code| SecretText(without_spaces(&code)));
        let credential = self.credential.map(|text| text.0);
        let (mfa_token, recovery_code) = (self.mfa_token, self.recovery_code);
        (Shown { mfa_token, code, recovery_code, credential, refresh_token: None }, self.return_to)
    }
}

/// What a browser says of a passkey, as a text that is JSON.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct CredentialText(pub Credential);

impl TryFrom<String> for CredentialText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let unfit = "must be what the browser says of a passkey";
        crate::json::check(text.as_bytes(), &[]).map_err(|_| unfit)?;
        serde_json::from_str(&text).map(Self).map_err(|_| unfit)
    }
}

/// Apps show codes in groups.
fn without_spaces(code: &Secret) -> Secret {
    Secret::new(code.expose().split_whitespace().collect::<String>())
}

impl Validate for SecondFactorForm {
    fn validate(&self, faults: &mut Faults) {
        self.clone().shown().0.validate(faults);
    }
}

impl Body for SecondFactorForm {
    const LISTS: &'static [&'static str] = &["methods"];

    fn example(known: &Known) -> Value {
        json!({ "mfa_token": known.account.mfa.mfa_token, "code": known.account.mfa.code })
    }
}

/// A sign-in that needs a second factor first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolForm {
    /// The token of the sign-in.
    pub mfa_token: SecretText,
    /// Its kind.
    pub method: Method,
    /// Where to go afterwards.
    #[serde(default)]
    pub return_to: Option<LocalPath>,
    /// What the page offered: it does so again.
    #[serde(default)]
    pub methods: Vec<String>,
}

impl EnrolForm {
    /// What a program would send.
    pub fn wanted(self) -> (NewEnrolment, Option<LocalPath>) {
        (NewEnrolment { mfa_token: self.mfa_token, method: self.method, name: None }, self.return_to)
    }
}

impl Validate for EnrolForm {
    fn validate(&self, faults: &mut Faults) {
        self.clone().wanted().0.validate(faults);
    }
}

impl Body for EnrolForm {
    const LISTS: &'static [&'static str] = &["methods"];

    fn example(known: &Known) -> Value {
        json!({ "mfa_token": known.account.mfa.enrolment_token, "method": "totp" })
    }
}

/// A second factor that is to be added.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorForm {
    /// Its kind.
    pub method: Method,
    /// What its owner calls it, 1 to 100 characters.
    pub name: Name,
}

impl FactorForm {
    /// What a program would send.
    pub fn wanted(self) -> NewFactor {
        NewFactor { method: self.method, name: Some(self.name) }
    }
}

impl Validate for FactorForm {
    fn validate(&self, faults: &mut Faults) {
        self.clone().wanted().validate(faults);
    }
}

impl Body for FactorForm {
    fn example(_: &Known) -> Value {
        json!({ "method": "totp", "name": "phone" })
    }
}

/// What is to be added.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adding {
    /// Its kind; an authenticator app, if nothing is said.
    #[serde(default)]
    pub method: Option<Method>,
}

impl Validate for Adding {
    fn validate(&self, _: &mut Faults) {}
}

/// A button: a form without fields.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Press {}

impl Validate for Press {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for Press {
    fn example(_: &Known) -> Value {
        json!({})
    }
}

/// How long a key lives, as a page offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum KeyLife {
    /// Thirty days.
    #[serde(rename = "30")]
    Month,
    /// Ninety days.
    #[serde(rename = "90")]
    Quarter,
    /// A year.
    #[serde(rename = "365")]
    Year,
    /// Until it is revoked.
    #[serde(rename = "never")]
    Unbounded,
}

impl KeyLife {
    /// Every choice, the first of them recommended.
    pub const ALL: [Self; 4] = [Self::Quarter, Self::Month, Self::Year, Self::Unbounded];

    /// The word of the form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Month => "30",
            Self::Quarter => "90",
            Self::Year => "365",
            Self::Unbounded => "never",
        }
    }

    const fn seconds(self) -> Option<i64> {
        match self {
            Self::Month => Some(30 * 86_400),
            Self::Quarter => Some(90 * 86_400),
            Self::Year => Some(365 * 86_400),
            Self::Unbounded => None,
        }
    }
}

/// A key that a person wants to have made.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyForm {
    /// What the owner calls it, 1 to 100 characters.
    pub name: Name,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How long it lives.
    pub life: KeyLife,
    /// The networks that it may be used from, one a line.
    #[serde(default)]
    pub allowed_networks: String,
}

impl KeyForm {
    /// What a program would send.
    pub fn wanted(self) -> NewApiKey {
        let networks = self.allowed_networks.lines().map(str::trim).filter(|line| !line.is_empty());
        NewApiKey {
            name: self.name,
            scopes: self.scopes,
            expires_in: self.life.seconds(),
            allowed_networks: networks.map(str::to_owned).collect(),
        }
    }
}

impl Validate for KeyForm {
    fn validate(&self, faults: &mut Faults) {
        self.clone().wanted().validate(faults);
    }
}

impl Body for KeyForm {
    const LISTS: &'static [&'static str] = &["scopes"];

    fn example(_: &Known) -> Value {
        json!({ "name": "nightly import", "scopes": [Permission::NodesWrite.word()], "life": "90", "allowed_networks": "192.0.2.0/24" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_server_is_one() {
        for good in [
            "/",
            "/account",
            "/account/api-keys?done=renamed",
            "/oauth2/authorize?client_id=a&redirect_uri=https%3A%2F%2Fapp.example%2Fcb",
            "/a.b/..c",
        ] {
            assert!(LocalPath::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "account",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "/.//evil.example",
            "/a/..//evil.example",
            "/%2e//evil.example",
            "/..%2f/evil.example/../",
            "/%2E%2e/evil",
            "/a//b",
            "/é",
            &format!("/{}", "a".repeat(4_096)),
        ] {
            assert!(LocalPath::parse(bad).is_none(), "{bad}");
        }
    }
}
