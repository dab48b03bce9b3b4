//! Whose tokens the server under test believes: its own, and an outside issuer's.

use wardgraph_kernel::Permissions;
use wardgraph_tokens::{Algorithm, Issuer, IssuerConfig, IssuerKeys, OwnConfig, OwnIssuer, Tenants};
use wardgraph_vault::Vault;

use crate::app::{AUDIENCE, ISS, OWN_ISS};

/// The server as an issuer.
pub(crate) fn own_issuer(algorithms: Vec<Algorithm>, vault: &Vault) -> OwnIssuer {
    let config = OwnConfig {
        iss: OWN_ISS.into(),
        audience: AUDIENCE.into(),
        life: std::time::Duration::from_mins(15),
        algorithms,
        rotate_after: std::time::Duration::from_hours(30 * 24),
        lead: std::time::Duration::from_mins(10),
        leeway: std::time::Duration::from_secs(30),
    };
    OwnIssuer::new(config, vault.clone()).unwrap()
}

/// The issuer of the tests' callers.
pub(crate) fn outside(secret: &wardgraph_kernel::Secret) -> Issuer {
    Issuer::new(IssuerConfig {
        name: "outside".into(),
        keys: IssuerKeys::Fixed { algorithm: Algorithm::HS256, key: secret.clone() },
        audiences: vec![AUDIENCE.into()],
        tenants: Tenants::ANY,
        issuer: Some(ISS.into()),
        leeway: std::time::Duration::from_secs(30),
        ceiling: Permissions::outside_ceiling(),
    })
    .unwrap()
}
