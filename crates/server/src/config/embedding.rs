//! Which model makes the vectors, and where it runs.

use wardgraph_embed::{Endpoint, ModelKind, RemoteOptions};

use super::{ConfigError, Settings};

/// The model.
#[derive(Debug)]
pub enum EmbeddingConfig {
    /// It runs here.
    Local {
        /// Which one.
        kind: ModelKind,
        /// Its threads; 0 for half the cores.
        threads: usize,
    },
    /// A service is asked.
    Remote(Box<RemoteOptions>),
}

/// The value of `embedding.model` that stands for a service.
const SERVICE: &str = "openai";

/// Reads and checks `embedding.*`. The settings of a service are looked at when there is one.
pub(super) fn embedding(settings: &Settings) -> Result<EmbeddingConfig, ConfigError> {
    let model = settings.get("embedding.model")?;
    if model.value() == SERVICE {
        return service(settings).map(|options| EmbeddingConfig::Remote(Box::new(options)));
    }
    let kind = model.value().parse().map_err(|_| model.refuse("`minilm`, `wordllama` or `openai`"))?;
    Ok(EmbeddingConfig::Local { kind, threads: settings.number("embedding.threads")? })
}

fn service(settings: &Settings) -> Result<RemoteOptions, ConfigError> {
    let needed = |name: &str| {
        let setting = settings.get(name)?;
        match setting.value() {
            "" => Err(ConfigError::Together(format!("embedding.model is {SERVICE}, which needs `{name}`"))),
            _ => Ok(setting),
        }
    };
    let address = needed("embedding.base_url")?;
    let plain = settings.flag("embedding.plain_beyond_loopback")?;
    let endpoint = Endpoint::parse(address.value(), plain)
        .map_err(|error| ConfigError::Together(format!("`embedding.base_url` (from {}) {error}", address.source)))?;
    let name = needed("embedding.service_model")?;
    if name.value().len() > 200 || !name.value().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(name.refuse("a name of at most 200 letters, digits and signs without spaces"));
    }
    let space = settings.get("embedding.space")?;
    let plain_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if space.value().len() > 64 || !space.value().bytes().all(plain_name) {
        return Err(space.refuse("a name of at most 64 letters, digits, `.`, `_` and `-`"));
    }
    needed("embedding.dimension")?;
    let (timeout, deadline) = (settings.millis("embedding.timeout_ms")?, settings.millis("embedding.deadline_ms")?);
    if deadline < timeout {
        return Err(ConfigError::Together("embedding.deadline_ms is shorter than embedding.timeout_ms: one try must fit".into()));
    }
    let key = settings.secret("embedding.api_key")?;
    if key.as_ref().is_some_and(|key| !key.expose().bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(settings.get("embedding.api_key")?.refuse("a key of letters, digits and signs without spaces"));
    }
    Ok(RemoteOptions {
        endpoint,
        key,
        model: name.value().to_owned(),
        space: space.value().to_owned(),
        dimension: settings.number("embedding.dimension")?,
        send_dimension: settings.flag("embedding.send_dimension")?,
        batch: settings.number("embedding.batch")?,
        most_text_bytes: settings.number("embedding.most_text_bytes")?,
        timeout,
        query_timeout: settings.millis("embedding.query_timeout_ms")?.min(timeout),
        deadline,
        retries: u32::try_from(settings.number("embedding.retries")?).unwrap_or(u32::MAX),
        pause: std::time::Duration::from_millis(250),
        concurrency: settings.number("embedding.concurrency")?,
    })
}
