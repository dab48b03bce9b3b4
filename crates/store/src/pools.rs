//! The store: one pool a role, and the only maker of units.

use std::{collections::BTreeMap, sync::Arc};

use deadpool::{
    Runtime,
    managed::{Pool, QueueMode},
};
use wardgraph_kernel::{Opens, Read, TenantId};
use wardgraph_shares::Shares;

use crate::{
    Indexes, Login, Role, Scope, Statement, StatementInfo, StoreError, Unit,
    connection::{Opener, Timeouts},
    lanes::Lanes,
    scope::Plan,
    unit::Opening,
};

pub(crate) const PING: Statement<Read> = Statement::reading("store.ping", &[Role::App], "select 1");

/// How each role logs in.
pub type Logins = BTreeMap<Role, Login>;

/// What a store is made of.
#[derive(Debug)]
pub struct StoreOptions {
    /// How each serving role logs in.
    pub logins: Logins,
    /// How many connections each role may hold; [`Role::connections`] where nothing is said.
    pub connections: BTreeMap<Role, usize>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Every statement of every room.
    pub statements: Vec<&'static StatementInfo>,
}

/// The only door to Postgres. Whoever holds it can make units in any scope: the gate and the worker, nobody else.
#[derive(Debug, Clone)]
pub struct Store {
    pools: BTreeMap<Role, Serving>,
    owner: Option<Login>,
    timeouts: Timeouts,
}

/// A role's pool with the tenants' shares of it, its lanes, and how many connections they may hold together: asking the pool itself takes its lock.
#[derive(Debug, Clone)]
struct Serving {
    pool: Pool<Opener>,
    shares: Arc<Shares<TenantId>>,
    lanes: Option<Lanes>,
    most: usize,
}

/// How many connections of a role are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// The role.
    pub role: Role,
    /// The most there may be.
    pub max: usize,
    /// Open ones.
    pub open: usize,
    /// Open ones that nobody uses.
    pub idle: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

impl Store {
    /// Makes the pools. Connects to nothing yet: a role that has no work opens no connection.
    pub fn new(options: &StoreOptions) -> Result<Self, StoreError> {
        let pool = |role: Role, login: &Login| {
            let opener = Opener::new(role, login.clone(), options.timeouts, &options.statements);
            let most = options.connections.get(&role).copied().unwrap_or(role.connections());
            // Requests' reads of single rows are the App role's.
            let lanes = (role == Role::App)
                .then(|| Lanes::new(opener.clone(), most, options.timeouts.connect))
                .filter(|lanes| lanes.count() > 0);
            let pooled = most - lanes.as_ref().map_or(0, Lanes::count);
            let pool = Pool::builder(opener)
                .max_size(pooled)
                // The connection that was used last has its plans and catalogues warm.
                .queue_mode(QueueMode::Lifo)
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(options.timeouts.acquire))
                // Recycling waits for nothing, so it needs no time limit.
                .create_timeout(Some(options.timeouts.connect))
                .build();
            let pool = pool.map_err(|error| StoreError::Unsafe(error.to_string()));
            pool.map(|pool| Serving { pool, shares: Arc::new(Shares::thirds_of(pooled)), lanes, most })
        };
        let pools = options.logins.iter().filter(|(role, _)| Role::SERVING.contains(role));
        let pools = pools.map(|(role, login)| Ok((*role, pool(*role, login)?))).collect::<Result<_, StoreError>>()?;
        let owner = options.logins.get(&Role::Owner).cloned();
        Ok(Self { pools, owner, timeouts: options.timeouts })
    }

    /// A unit of work of `role` in `scope`, in the mode `M`. Sends nothing and takes no connection until its first statement.
    pub fn unit<M: Opens>(&self, role: Role, scope: Scope, plan: Plan) -> Result<Unit, StoreError> {
        let Serving { pool, shares, lanes, .. } =
            self.pools.get(&role).ok_or_else(|| StoreError::Unsafe(format!("{} has no pool", role.name())))?;
        let opening = Opening { writable: M::OPENS_WRITABLE, savepoint: M::CHANGES, plan };
        let share = match &scope {
            Scope::Tenant(tenant) | Scope::Account(tenant, _) | Scope::Members(tenant) | Scope::Organization(tenant, _) => {
                Some(shares.of(tenant))
            }
            Scope::System | Scope::Shared | Scope::Nobody => None,
        };
        Ok(Unit::new(pool.clone(), lanes.clone(), share, scope, opening, self.timeouts))
    }

    /// Asks the database for a sign of life, on behalf of nobody.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut unit = self.unit::<Read>(Role::App, Scope::Nobody, Plan::Generic)?;
        unit.end_with_next();
        unit.tx::<Read>().query(&PING, &[]).await.map(drop)
    }

    /// The session that makes indexes, with the owner's role; `None` while another server has it. A build may use `memory_mb`.
    pub async fn indexes(&self, memory_mb: usize) -> Result<Option<Indexes>, StoreError> {
        Indexes::open(self.owner()?, memory_mb).await
    }

    /// How the owner's role logs in.
    pub(crate) fn owner(&self) -> Result<&Login, StoreError> {
        self.owner.as_ref().ok_or_else(|| StoreError::Unsafe("the owner has no login".into()))
    }

    /// The state of every pool, for metrics.
    pub fn status(&self) -> Vec<PoolStatus> {
        let of = |(role, serving): (&Role, &Serving)| {
            let s = serving.pool.status();
            let (open, idle) = serving.lanes.as_ref().map_or((0, 0), Lanes::status);
            PoolStatus { role: *role, max: serving.most, open: s.size + open, idle: s.available + idle, waiting: s.waiting }
        };
        self.pools.iter().map(of).collect()
    }

    /// Closes every pool and lane: waiting callers get [`StoreError::Unavailable`].
    pub fn close(&self) {
        for serving in self.pools.values() {
            serving.pool.close();
            serving.lanes.iter().for_each(Lanes::close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_is_of_the_pool_and_not_of_what_lanes_took() {
        let login = Login::at_socket("/nowhere");
        // One lane of thirteen, or two or three, leave a pool whose third is four.
        let options = StoreOptions {
            logins: [(Role::App, login)].into(),
            connections: [(Role::App, 13)].into(),
            timeouts: Timeouts::default(),
            statements: Vec::new(),
        };
        let store = Store::new(&options).unwrap();
        let tenant = TenantId::parse("acme").unwrap();
        let unit = store.unit::<Read>(Role::App, Scope::Tenant(tenant.clone()), Plan::Generic).unwrap();
        assert_eq!(store.pools.get(&Role::App).unwrap().shares.of(&tenant).available_permits(), 4);
        assert_eq!(store.status().first().map(|status| status.max), Some(13));
        drop(unit);
    }
}
