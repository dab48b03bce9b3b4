//! Who acts.

use std::sync::Arc;

/// The kinds of actor that the audit log tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorType {
    /// A person, or whoever an outside issuer calls `sub`.
    User,
    /// An API key.
    ApiKey,
    /// An OAuth client on its own behalf.
    Client,
    /// The schedule.
    Scheduler,
    /// A trigger.
    Trigger,
    /// The server itself.
    System,
}

impl ActorType {
    /// The type as it is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ApiKey => "api_key",
            Self::Client => "client",
            Self::Scheduler => "scheduler",
            Self::Trigger => "trigger",
            Self::System => "system",
        }
    }
}

/// Who acts: a type and an id that is unique within it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorType,
    /// Its id: `sub` of a token, a key's id, a job's name.
    pub id: Arc<str>,
}

impl Actor {
    /// The server itself, doing `job`.
    pub fn system(job: &str) -> Self {
        Self { kind: ActorType::System, id: job.into() }
    }

    /// The schedule, by which `job` fell due.
    pub fn scheduler(job: &str) -> Self {
        Self { kind: ActorType::Scheduler, id: job.into() }
    }
}
