//! Mailing: what commits left to be mailed is handed over until it was taken, and accounts forget what is good for nothing any more.

use std::{sync::Arc, time::Duration};

use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_identity::{
    Keys, invitation,
    mail::{self, Due, MailError, Mailer},
    setup,
};
use wardgraph_kernel::Write;

/// How long to wait when nothing is due.
const IDLE: Duration = Duration::from_secs(1);
/// How many turns pass between two sweeps.
const SWEEP_EVERY: u32 = 60;

/// Mails. Any number of them may run, in any number of servers.
#[derive(Debug, Clone)]
pub struct MailWorker {
    parts: SystemParts,
    mailer: Arc<dyn Mailer>,
    keys: Keys,
    /// Where the server is reached: the base of every link.
    base: String,
}

impl MailWorker {
    /// A worker that has not begun.
    pub fn new(parts: SystemParts, mailer: Arc<dyn Mailer>, keys: Keys, base: impl Into<String>) -> Self {
        Self { parts, mailer, keys, base: base.into() }
    }

    /// Works until the task is dropped. What is not finished by then falls due again: a message may come twice, and does not get lost.
    pub async fn run(self) {
        for turn in 0_u32.. {
            let worked = match self.turn().await {
                Ok(any) if turn % SWEEP_EVERY == 0 => self.sweep().await.map(|()| any),
                worked => worked,
            };
            match worked {
                Ok(false) => tokio::time::sleep(IDLE).await,
                Ok(true) => {}
                Err(error) => {
                    tracing::warn!(%error, "what is due could not be mailed; trying again");
                    tokio::time::sleep(IDLE).await;
                }
            }
        }
    }

    /// Mails what has been due for longest. Returns whether anything was. One message's trouble is no other's: it falls due again with the lease.
    pub async fn turn(&self) -> Result<bool, StoreError> {
        let mut queue = self.parts.queue()?;
        let claimed = mail::claim(&mut queue.tx::<Write>(), self.parts.clock.now()).await?;
        queue.commit(&[]).await?;
        let Some(due) = claimed else { return Ok(false) };
        self.hand_over(&due).await?;
        Ok(true)
    }

    /// Forgets failed sign-ins, links, invitations and sessions that are past, codes and requests that clients pushed.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let mut more = true;
        while more {
            let mut queue = self.parts.queue()?;
            let (mut tx, now) = (queue.tx::<Write>(), self.parts.clock.now());
            more = mail::sweep(&mut tx, now).await?;
            more |= invitation::sweep(&mut tx, now).await?;
            more |= setup::sweep(&mut tx, now).await?;
            more |= wardgraph_oauth::sweep::sweep(&mut tx, now).await?;
            queue.commit(&[]).await?;
        }
        Ok(())
    }

    async fn hand_over(&self, due: &Due) -> Result<(), StoreError> {
        let sent = match mail::compose(due, &self.keys, &self.base) {
            Ok(Some(message)) => self.mailer.send(&message).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        let again = match sent {
            Ok(()) => None,
            Err(MailError::Later(reason)) => {
                let again = due.again(self.parts.clock.now());
                tracing::warn!(mail = %due.id, kind = due.kind, reason, given_up = again.is_none(), "a message was not taken");
                again
            }
            Err(MailError::Never(reason)) => {
                tracing::warn!(mail = %due.id, kind = due.kind, reason, "a message was refused for good");
                None
            }
        };
        let mut queue = self.parts.queue()?;
        match again {
            Some(at) => mail::defer(&mut queue.tx::<Write>(), due, at).await?,
            None => mail::done(&mut queue.tx::<Write>(), due).await?,
        }
        queue.commit(&[]).await
    }
}
