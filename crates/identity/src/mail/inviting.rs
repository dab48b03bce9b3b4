//! Invitations as messages: to whom somebody who signed in names, which may be anybody.

use wardgraph_kernel::{Chance, InvitationId, LinkId, Timestamp, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use super::bound::{COUNT_SQL, Counted, admitted};
use crate::{Address, Keys, link::Kind};

pub(super) const COUNT: Statement<Write> = Statement::writing("identity.mail.count_invitation", &[Role::App], COUNT_SQL);
pub(super) const INVITE: Statement<Write> = Statement::writing(
    "identity.mail.invite",
    &[Role::App],
    "insert into mail (mail_id, kind, recipient, name, link_id, created_at, due_at) values ($1, 'invitation', $2, $3, $4, $5, $5)",
);

/// Counts an invitation to an address, and tells whether it is mailed. The same is done whether anybody has the address or not.
pub async fn admits_invitation(tx: &mut Tx<'_, Write>, keys: &Keys, to: &Address, now: Timestamp) -> Result<bool, StoreError> {
    let counted = Counted::of(keys, Kind::Invitation.word(), to, now);
    admitted(&tx.write(&COUNT, &counted.params()).await?)
}

/// Has an invitation mailed. `by` is the address of who invites, if it was shown to be theirs, else empty.
pub async fn invite(
    tx: &mut Tx<'_, Write>,
    invitation: InvitationId,
    to: &Address,
    (by, organization): (&str, &str),
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    let said = Said { by, organization: &plain(organization) }.written();
    tx.write(&INVITE, &[&LinkId::new(now, chance).uuid(), &to.as_str(), &said, &invitation.uuid(), &now]).await.map(drop)
}

/// The English text of an invitation. `name`: of the message, as it is stored; `link`: where it leads.
pub(super) fn text(name: &str, link: &str) -> String {
    let Said { by, organization } = Said::read(name);
    let who = if by.is_empty() { "Somebody" } else { by };
    format!(
        "{who} invites you to work in the organization “{organization}”. If you would like to, go to\n\n{link}\n\nThe link works once, and \
         is good until the invitation ends or is withdrawn. If you do not expect it, you need not do anything."
    )
}

/// Who invites to what, as it stands in a message's `name`. No address has a blank in it.
struct Said<'a> {
    by: &'a str,
    organization: &'a str,
}

impl<'a> Said<'a> {
    fn written(&self) -> String {
        format!("{} {}", self.by, self.organization)
    }

    fn read(name: &'a str) -> Self {
        let (by, organization) = name.split_once(' ').unwrap_or(("", name));
        Self { by, organization }
    }
}

/// The most of an organization's name that is mailed, in characters.
const MOST_NAME: usize = 60;

/// A name that anybody may have chosen, as it is mailed to whoever they like: words and nothing that mail programs make a link of.
fn plain(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '\'' | '-' | '&' | ',') { c } else { ' ' });
    let letters: String = letters.take(MOST_NAME).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_mailed_is_words() {
        for (name, mailed) in [
            ("Ada Lovelace's organization", "Ada Lovelace's organization"),
            ("Buy at https://evil.example/?x=1 now!", "Buy at https evil example x 1 now"),
            ("<b onclick=x()>Müller & Söhne</b>", "b onclick x Müller & Söhne b"),
            ("a\r\nBcc: b@example.com", "a Bcc b example com"),
            (&"x".repeat(200), &"x".repeat(60)),
            ("\u{202e}", ""),
        ] {
            assert_eq!(plain(name), mailed);
        }
    }

    #[test]
    fn who_invites_to_what_is_read_as_it_was_written() {
        for (by, organization) in [("ada@example.com", "Ada's organization"), ("", "A & B"), ("ada@example.com", "")] {
            let written = Said { by, organization }.written();
            let read = Said::read(&written);
            assert_eq!((read.by, read.organization), (by, organization));
        }
    }
}
