//! When what is held was used last: for whoever reviews who may do what.

use std::collections::BTreeMap;

use uuid::Uuid;
use wardgraph_access::RoleName;
use wardgraph_kernel::{Holder, Identity, TenantId, Timestamp};
use wardgraph_store::{Statement, StatementInfo, StoreError, Tx};

const MEMBERS: Statement<Identity> = Statement::identity(
    "organizations.used.members",
    "update memberships m set last_used_at = used.at from unnest($1::text[], $2::uuid[], $3::timestamptz[]) used(organization_id, user_id, at)
     where m.organization_id = used.organization_id and m.user_id = used.user_id and (m.last_used_at is null or m.last_used_at < used.at)",
);
const MEMBERS_GRANTS: Statement<Identity> = Statement::identity(
    "organizations.used.grants_of_members",
    "update grants g set last_used_at = used.at from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[]) used(tenant_id, user_id, role, at)
     where g.tenant_id = used.tenant_id and g.user_id = used.user_id and g.role = used.role and (g.last_used_at is null or g.last_used_at < used.at)",
);
const CLIENTS_GRANTS: Statement<Identity> = Statement::identity(
    "organizations.used.grants_of_clients",
    "update grants g set last_used_at = used.at from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) used(tenant_id, client_id, role, at)
     where g.tenant_id = used.tenant_id and g.client_id = used.client_id and g.role = used.role and (g.last_used_at is null or g.last_used_at < used.at)",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[MEMBERS.info(), MEMBERS_GRANTS.info(), CLIENTS_GRANTS.info()];

/// What was used, and when last. In an order, so that of two servers at once neither waits for the other's end.
#[derive(Debug, Default)]
pub struct Used {
    members: BTreeMap<(TenantId, Uuid), Timestamp>,
    of_members: BTreeMap<(TenantId, Uuid, RoleName), Timestamp>,
    of_clients: BTreeMap<(TenantId, String, RoleName), Timestamp>,
}

impl Used {
    /// Notes that somebody did something at `at`, which these roles allowed of those that they hold.
    pub fn note(&mut self, organization: &TenantId, holder: &Holder, roles: impl IntoIterator<Item = RoleName>, at: Timestamp) {
        match holder {
            Holder::User(id) => {
                latest(&mut self.members, (organization.clone(), id.uuid()), at);
                for role in roles {
                    latest(&mut self.of_members, (organization.clone(), id.uuid(), role), at);
                }
            }
            Holder::Client(id) => {
                for role in roles {
                    latest(&mut self.of_clients, (organization.clone(), id.to_string(), role), at);
                }
            }
        }
    }
}

fn latest<K: Ord>(all: &mut BTreeMap<K, Timestamp>, key: K, at: Timestamp) {
    let known = all.entry(key).or_insert(at);
    *known = at.max(*known);
}

/// Writes down what was used.
///
/// # Errors
/// Those of the database.
pub async fn record(tx: &mut Tx<'_, Identity>, used: &Used) -> Result<(), StoreError> {
    if !used.members.is_empty() {
        let (tenants, users): (Vec<_>, Vec<_>) = used.members.keys().map(|(tenant, user)| (tenant.as_str(), *user)).unzip();
        let times: Vec<_> = used.members.values().copied().collect();
        tx.run(&MEMBERS, &[&tenants, &users, &times]).await?;
    }
    if !used.of_members.is_empty() {
        let tenants: Vec<_> = used.of_members.keys().map(|(tenant, ..)| tenant.as_str()).collect();
        let users: Vec<_> = used.of_members.keys().map(|(_, user, _)| *user).collect();
        let roles: Vec<_> = used.of_members.keys().map(|(.., role)| role.as_str()).collect();
        let times: Vec<_> = used.of_members.values().copied().collect();
        tx.run(&MEMBERS_GRANTS, &[&tenants, &users, &roles, &times]).await?;
    }
    if !used.of_clients.is_empty() {
        let tenants: Vec<_> = used.of_clients.keys().map(|(tenant, ..)| tenant.as_str()).collect();
        let clients: Vec<_> = used.of_clients.keys().map(|(_, client, _)| client.as_str()).collect();
        let roles: Vec<_> = used.of_clients.keys().map(|(.., role)| role.as_str()).collect();
        let times: Vec<_> = used.of_clients.values().copied().collect();
        tx.run(&CLIENTS_GRANTS, &[&tenants, &clients, &roles, &times]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::{ClientId, UserId};

    #[test]
    fn the_latest_use_counts_whatever_order_they_are_noted_in() {
        let (here, person) = (TenantId::parse("here").unwrap(), UserId::from(Uuid::from_u128(1)));
        let at = |second| Timestamp::from_second(second).unwrap();
        let role = RoleName::read("auditor").unwrap();
        let mut used = Used::default();
        for second in [2, 3, 1] {
            used.note(&here, &Holder::User(person), [role.clone()], at(second));
        }
        used.note(&here, &Holder::User(person), [], at(4));
        used.note(&here, &Holder::Client(ClientId::placeholder()), [role.clone()], at(5));
        assert_eq!(used.members[&(here.clone(), person.uuid())], at(4));
        assert_eq!(used.of_members[&(here.clone(), person.uuid(), role.clone())], at(3));
        assert_eq!(used.of_clients[&(here, ClientId::placeholder().to_string(), role)], at(5));
    }
}
