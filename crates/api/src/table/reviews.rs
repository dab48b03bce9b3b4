//! Reviews of who may do what.

use wardgraph_kernel::{ReviewId, ReviewItemId};

use crate::{
    Created, Document, Json, Path, Query, Within,
    carry::{Csv, JsonLines},
    wire::review::{
        ItemFilter, ItemPage, NewDecision, NewReview, Review, ReviewFilter, ReviewItem, ReviewPage, UnusedFilter, UnusedList,
    },
};

/// The body limit: a name, a reason, ids.
const SMALL: usize = 8 << 10;

crate::endpoints! {
    /// Begin a review of everything that members, clients and API keys hold in the organization, as it stands now.
    BeginReview: POST "/api/v1/reviews" (Json<NewReview>) -> Created<Review> {
        permission: ReviewsWrite, rows: Organization, fresh: "it may take roles away when it is due", limit: Auth, audit: ReviewBegun, body: SMALL,
    }
    /// List the organization's reviews, the newest first.
    ListReviews: GET "/api/v1/reviews" (Query<ReviewFilter>) -> Json<ReviewPage> {
        permission: ReviewsRead, rows: Organization, limit: Read, body: 0,
    }
    /// Read a review.
    GetReview: GET "/api/v1/reviews/{id}" (Path<ReviewId>) -> Json<Review> {
        permission: ReviewsRead, rows: Organization, limit: Read, body: 0,
    }
    /// List what a review asks about.
    ListReviewItems: GET "/api/v1/reviews/{id}/items" ((Path<ReviewId>, Query<ItemFilter>)) -> Json<ItemPage> {
        permission: ReviewsRead, rows: Organization, limit: Read, body: 0,
    }
    /// Decide about something in a review. What is revoked is gone with the answer; nobody decides about their own, or revokes what is above them.
    DecideReviewItem: POST "/api/v1/reviews/{id}/items/{item}/decide" ((Path<ReviewId>, Within<ReviewItemId>, Json<NewDecision>)) -> Json<ReviewItem> {
        permission: ReviewsWrite, rows: Organization, fresh: "it takes roles away", limit: Auth, audit: ReviewDecided, body: SMALL,
    }
    /// End a review. What nobody decided about stays.
    CloseReview: POST "/api/v1/reviews/{id}/close" (Path<ReviewId>) -> Json<Review> {
        permission: ReviewsWrite, rows: Organization, fresh: "it cannot be undone", limit: Auth, audit: ReviewClosed, body: 0,
    }
    /// The evidence of a review as JSON Lines: who decided what, when and why. The last line has the SHA-256 of those before it, and so has the log.
    ExportReview: GET "/api/v1/reviews/{id}/export" (Path<ReviewId>) -> Document<JsonLines> {
        permission: ReviewsRead, rows: Organization, fresh: "it says of everybody what they may do", limit: Search, audit_on_read: ReviewExported, body: 0,
    }
    /// The same as comma-separated values. No cell is a formula.
    ExportReviewTable: GET "/api/v1/reviews/{id}/export.csv" (Path<ReviewId>) -> Document<Csv> {
        permission: ReviewsRead, rows: Organization, fresh: "it says of everybody what they may do", limit: Search, audit_on_read: ReviewExported, body: 0,
    }
    /// What is held in the organization and was not used for long.
    ListUnused: GET "/api/v1/grants/unused" (Query<UnusedFilter>) -> Json<UnusedList> {
        permission: ReviewsRead, rows: Organization, limit: Search, body: 0,
    }
}
