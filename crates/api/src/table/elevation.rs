//! Administrators of the server in an organization's content.

use wardgraph_kernel::ElevationId;

use crate::{
    Issued, Json, NoContent, Path, Query,
    wire::{
        elevation::{ElevationFilter, ElevationPage, IssuedElevation, NewElevation},
        organization::OrganizationId,
    },
};

crate::endpoints! {
    /// Get a token for an organization's content, for a reason and for an hour at most. Its owners are told; who acts stands in every event.
    Elevate: POST "/api/v1/organizations/{id}/elevate" ((Path<OrganizationId>, Json<NewElevation>)) -> Issued<IssuedElevation> {
        permission: ElevationsRead, rows: Accounts, fresh: "it opens what is not the administrator's", limit: Auth, audit: ElevationBegun, body: 4 << 10,
    }
    /// Who of the server's administrators could be in the own organization's content, when, and why; the newest first.
    ListElevations: GET "/api/v1/elevations" (Query<ElevationFilter>) -> Json<ElevationPage> {
        permission: AuthzRead, rows: Organization, limit: Read, body: 0,
    }
    /// Close a way in before its time: for the administrator whose it is, and for whoever sees to the organization. Within a second no server takes its token.
    EndElevation: DELETE "/api/v1/elevations/{id}" (Path<ElevationId>) -> NoContent {
        own: "an administrator closes the own ones, an organization those to itself", rows: Accounts, fresh: "it cannot be undone", limit: Auth, audit: ElevationEnded, body: 0,
    }
}
