//! Master keys from AWS Secrets Manager.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use wardgraph_egress::{Address, Client, HeaderMap, HeaderName, HeaderValue, Request, header};
use wardgraph_kernel::{Clock, Secret};
use zeroize::Zeroizing;

use crate::{
    MasterKey, MasterSource, VaultError,
    sigv4::{self, Signed},
};

const SERVICE: &str = "secretsmanager";
/// Secrets Manager holds 64 KiB at most.
const MOST_BYTES: usize = 256 * 1024;
const DEADLINE: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(5);

/// Who asks, and whom.
#[derive(Debug, Clone)]
pub struct AwsAccess {
    /// Where the service is: `https://secretsmanager.REGION.amazonaws.com`, or the operator's own.
    pub endpoint: Address,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key's id.
    pub key_id: String,
    /// The access key.
    pub secret: Secret,
    /// The session's token, where the access key is a temporary one.
    pub session: Option<Secret>,
}

/// A secret that holds a master key: the version `AWSCURRENT` is the one to wrap with after the next rotation, `AWSPREVIOUS` is known besides.
#[derive(Clone)]
pub struct AwsSource {
    access: AwsAccess,
    client: Client,
    clock: Arc<dyn Clock>,
    id: String,
    field: Option<String>,
}

impl AwsSource {
    /// The secret of this name or ARN; where it is a JSON object, the member `field` of it. `client` asks the endpoint.
    pub fn new(access: AwsAccess, client: Client, clock: Arc<dyn Clock>, id: String, field: Option<String>) -> Self {
        Self { access, client, clock, id, field }
    }

    /// One version of the secret; `None` if there is none.
    async fn version(&self, stage: &str) -> Result<Option<MasterKey>, VaultError> {
        let body = json!({ "SecretId": self.id, "VersionStage": stage }).to_string().into_bytes();
        let headers = self.headers(&body).ok_or_else(|| refuse("the access key has characters that no header can have"))?;
        let mut request = Request::post_json(self.access.endpoint.clone(), body, DEADLINE, IDLE);
        request.headers = headers;
        let answer = self.client.send(request).await.map_err(|error| refuse(&error.to_string()))?;
        let status = answer.status.as_u16();
        let body = Zeroizing::new(answer.body(MOST_BYTES).await.map_err(|error| refuse(&error.to_string()))?);
        let mut answer: Value =
            serde_json::from_slice(&body).map_err(|_| refuse(&format!("the answer is no JSON, its status {status}")))?;
        if status == 200 {
            let secret = answer.get_mut("SecretString").map(Value::take);
            return self.read(secret.as_ref().and_then(Value::as_str)).map(Some);
        }
        // `com.amazonaws.secretsmanager#ResourceNotFoundException`: the last word says which.
        let kind = answer.get("__type").and_then(Value::as_str).and_then(|kind| kind.rsplit('#').next()).unwrap_or("no reason");
        if kind == "ResourceNotFoundException" { Ok(None) } else { Err(refuse(&format!("the answer is {status} {kind}"))) }
    }

    fn read(&self, text: Option<&str>) -> Result<MasterKey, VaultError> {
        let text = text.ok_or_else(|| refuse("the secret is no text"))?;
        let Some(field) = &self.field else { return MasterKey::read(&Secret::new(text)) };
        let object: Value = serde_json::from_str(text).map_err(|_| refuse("the secret is no JSON object"))?;
        let member = object.get(field).and_then(Value::as_str).ok_or_else(|| refuse("the secret has no such member"))?;
        MasterKey::read(&Secret::new(member))
    }

    fn headers(&self, body: &[u8]) -> Option<HeaderMap> {
        let (access, now) = (&self.access, self.clock.now());
        let (host, date) = (authority(&access.endpoint), sigv4::date(now));
        let mut lines = vec![("content-type", "application/x-amz-json-1.1"), ("host", host.as_str()), ("x-amz-date", &date)];
        lines.extend(access.session.as_ref().map(|token| ("x-amz-security-token", token.expose())));
        lines.push(("x-amz-target", "secretsmanager.GetSecretValue"));
        let signed = Signed { region: &access.region, service: SERVICE, headers: &lines, body, now };
        let mut headers = HeaderMap::new();
        // The connection says `host` by itself.
        for (name, value) in lines.iter().filter(|(name, _)| *name != "host") {
            let mut value = HeaderValue::try_from(*value).ok()?;
            value.set_sensitive(*name == "x-amz-security-token");
            headers.insert(HeaderName::try_from(*name).ok()?, value);
        }
        let authorization = signed.authorization(&access.key_id, &access.secret);
        headers.insert(header::AUTHORIZATION, HeaderValue::try_from(authorization).ok()?);
        Some(headers)
    }
}

#[async_trait]
impl MasterSource for AwsSource {
    async fn read(&self) -> Result<Vec<MasterKey>, VaultError> {
        let current = self.version("AWSCURRENT").await?.ok_or_else(|| refuse("there is no such secret"))?;
        let previous = self.version("AWSPREVIOUS").await?.filter(|previous| previous.id() != current.id());
        Ok([current].into_iter().chain(previous).collect())
    }

    async fn add(&self) -> Result<Option<MasterKey>, VaultError> {
        Ok(None)
    }
}

impl fmt::Debug for AwsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSource").field("id", &self.id).field("endpoint", &self.access.endpoint).finish_non_exhaustive()
    }
}

/// The host and, where it is not the scheme's own, the port: as `host` says it.
fn authority(address: &Address) -> String {
    let usual = if address.is_plain() { 80 } else { 443 };
    if address.port() == usual { address.host().to_owned() } else { format!("{}:{}", address.host(), address.port()) }
}

fn refuse(why: &str) -> VaultError {
    VaultError::Source("AWS Secrets Manager".into(), why.to_owned())
}
