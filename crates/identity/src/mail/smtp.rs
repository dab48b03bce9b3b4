//! Messages over SMTP.

use std::{fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{AsyncSmtpTransportBuilder, PoolConfig, authentication::Credentials},
};
use wardgraph_kernel::Secret;

use super::{MailError, Mailer, Message};

/// How long a mail server may take over a step.
const STEP_WITHIN: Duration = Duration::from_secs(15);
/// The most connections to the mail server at once.
const CONNECTIONS: u32 = 2;

/// How the way to the mail server is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted from the first octet.
    Implicit,
    /// Encrypted after `STARTTLS`, or not at all and then nothing is sent.
    Start,
    /// Not: for a server on this machine.
    None,
}

/// How the mail server is reached.
#[derive(Debug, Clone)]
pub struct SmtpOptions {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is guarded.
    pub tls: Tls,
    /// User and password, if it asks for them.
    pub login: Option<(String, Secret)>,
    /// From whom messages are.
    pub from: String,
}

/// Why options are none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SmtpOptionsError(String);

/// Hands messages to a mail server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpOptions {
    /// Refuses options by which no mailer can be made.
    pub fn check(&self) -> Result<(), SmtpOptionsError> {
        self.way().map(drop)
    }

    fn way(&self) -> Result<(AsyncSmtpTransportBuilder, Mailbox), SmtpOptionsError> {
        let from = self.from.parse().map_err(|_| SmtpOptionsError(format!("`{}` is no address to mail from", self.from)))?;
        let relay = match self.tls {
            Tls::Implicit => AsyncSmtpTransport::<Tokio1Executor>::relay(&self.host),
            Tls::Start => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&self.host),
            Tls::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)),
        };
        let mut relay = relay
            .map_err(|error| SmtpOptionsError(error.to_string()))?
            .port(self.port)
            .timeout(Some(STEP_WITHIN))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if let Some((user, password)) = &self.login {
            relay = relay.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok((relay, from))
    }
}

impl SmtpMailer {
    /// A mailer with these options, within a runtime. Connects to nothing yet.
    pub fn new(options: &SmtpOptions) -> Result<Self, SmtpOptionsError> {
        let (relay, from) = options.way()?;
        Ok(Self { transport: relay.build(), from })
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("from", &self.from).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let to: Mailbox = message.to.parse().map_err(|_| MailError::Never("the recipient is no address".into()))?;
        let domain = self.from.email.domain();
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&message.subject)
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.clone())
            .map_err(|error| MailError::Never(error.to_string()))?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Never(error.to_string())),
            Err(error) => Err(MailError::Later(error.to_string())),
        }
    }
}
