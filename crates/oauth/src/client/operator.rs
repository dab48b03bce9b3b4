//! Clients as whoever runs the server sees and changes them: of all organizations, and of none. Clients that see to themselves, and documents that are
//! read anew, change by the same statement.

use wardgraph_kernel::{ClientId, Identity, TenantId, Timestamp};
use wardgraph_store::{Statement, Tx};

use super::{
    About, Client, NewSecret, Registration,
    anew::{Anew, is_another, set_anew, with_room},
    own::{Changed, KEEP_SECRET_FOR, MOST},
    rows::{client_columns, read},
};
use crate::OAuthError;

pub(super) const LIST: Statement<Identity> = Statement::identity(
    "oauth.client.list_all",
    concat!("select ", client_columns!(), " from clients c order by c.created_at desc, c.client_id desc limit $1"),
);
pub(super) const LIST_OF: Statement<Identity> = Statement::identity(
    "oauth.client.list_all_of",
    concat!(
        "select ",
        client_columns!(),
        " from clients c where c.organization_id = $2 order by c.created_at desc, c.client_id desc limit $1"
    ),
);
pub(super) const HOLD: Statement<Identity> = Statement::identity(
    "oauth.client.hold_any",
    concat!("select ", client_columns!(), " from clients c where c.client_id = $1 for update of c"),
);
pub(super) const REPLACE: Statement<Identity> = Statement::identity(
    "oauth.client.replace_any",
    concat!(
        "update clients set ",
        set_anew!(),
        ", about = $24, registration_verifier = null where client_id = $1 returning generation"
    ),
);
pub(super) const DELETE: Statement<Identity> =
    Statement::identity("oauth.client.delete_any", "delete from clients where client_id = $1 returning client_id");
pub(super) const EXPIRE: Statement<Identity> = Statement::identity(
    "oauth.client.expire_secrets_of_any",
    "with ended as (delete from client_secrets where client_id = $1 and expires_at <= $2),
     ending as (update client_secrets set expires_at = least(expires_at, $3) where client_id = $1 and (expires_at is null or expires_at > $2) returning 1)
     update clients set generation = generation + 1, updated_at = $2 where client_id = $1
     returning generation, (select count(*) from ending)",
);
pub(super) const DROP_SECRETS: Statement<Identity> =
    Statement::identity("oauth.client.drop_secrets", "delete from client_secrets where client_id = $1");

/// The newest clients: an organization's, or everybody's.
pub async fn list(tx: &mut Tx<'_, Identity>, organization: Option<&TenantId>) -> Result<Vec<Client>, OAuthError> {
    let rows = match organization {
        None => tx.run(&LIST, &[&MOST]).await?,
        Some(organization) => tx.run(&LIST_OF, &[&MOST, &organization.as_str()]).await?,
    };
    rows.iter().map(read).collect()
}

/// Any client, held until the transaction ends.
pub async fn hold(tx: &mut Tx<'_, Identity>, id: &ClientId) -> Result<Client, OAuthError> {
    tx.run(&HOLD, &[&id.as_str()]).await?.first().map(read).ok_or(OAuthError::NoClient)?
}

/// Registers something else of a client that is held. Secrets go with the way to authenticate by them, people are asked anew about what they would not
/// have agreed to, and by its registration token from before nobody sees to it any more.
pub async fn replace(
    tx: &mut Tx<'_, Identity>,
    before: Client,
    new: &Registration,
    about: &About,
    disabled: bool,
    now: Timestamp,
) -> Result<Changed, OAuthError> {
    let (id, about) = (before.id.clone(), about.text());
    if !new.auth_method.has_secret() {
        tx.run(&DROP_SECRETS, &[&id.as_str()]).await?;
    }
    let anew = Anew::of(id.as_str(), new, disabled, is_another(&before.registered, new), now);
    tx.run(&REPLACE, &anew.params(&[&about])).await?;
    Ok(Changed { before, after: hold(tx, &id).await? })
}

/// Deletes a client, with what it had been granted.
pub async fn delete(tx: &mut Tx<'_, Identity>, id: &ClientId) -> Result<(), OAuthError> {
    let gone = tx.run(&DELETE, &[&id.as_str()]).await?;
    if gone.is_empty() { Err(OAuthError::NoClient) } else { Ok(()) }
}

/// Gives a client another secret; those from before end at `until`. Tells its generation from then on.
///
/// # Errors
/// [`OAuthError::NoSecret`] for one that authenticates otherwise.
pub async fn rotate(
    tx: &mut Tx<'_, Identity>,
    id: &ClientId,
    secret: &NewSecret,
    until: Timestamp,
    now: Timestamp,
) -> Result<i64, OAuthError> {
    let client = hold(tx, id).await?;
    if !client.registered.auth_method.has_secret() {
        return Err(OAuthError::NoSecret);
    }
    let rows = tx.run(&EXPIRE, &[&id.as_str(), &now, &until]).await?;
    let generation = with_room(&rows, until, now)?;
    keep_secret(tx, &client, secret, now).await?;
    Ok(generation)
}

/// Keeps a secret of a client.
pub(super) async fn keep_secret(
    tx: &mut Tx<'_, Identity>,
    client: &Client,
    secret: &NewSecret,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let tenant = client.organization.as_ref().map(TenantId::as_str);
    let (secret_id, verifier) = (secret.id.uuid(), secret.verifier.as_slice());
    tx.run(&KEEP_SECRET_FOR, &[&tenant, &client.id.as_str(), &secret_id, &verifier, &now]).await?;
    Ok(())
}
