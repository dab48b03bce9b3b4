//! Tokens that should not be good, or not good enough.

use std::time::Duration;

use serde_json::json;
use wardgraph_kernel::Secret;

use super::{Attack, forge};
use crate::demo::{
    side::{Mint, SCOPES},
    verdict::{Done, Failed},
};

impl Attack<'_> {
    /// B's token with A's name in it, under the old signature.
    pub(in crate::demo) async fn changes_its_tenant(&self) -> Result<Done<()>, Failed> {
        self.refused(forge::moved(&self.b.token, &self.a.who.tenant)).await
    }

    /// The same without a signature, however `none` is spelled.
    pub(in crate::demo) async fn drops_the_signature(&self) -> Result<Done<()>, Failed> {
        for algorithm in ["none", "None", "NONE", "HS256"] {
            self.refused(forge::unsigned(&self.b.token, &self.a.who.tenant, algorithm)).await?;
        }
        Ok(Done::new(()).note("401 for alg none, None, NONE, and HS256 with an empty signature"))
    }

    /// A good token of A's that ended an hour ago.
    pub(in crate::demo) async fn is_late(&self, mint: &Mint<'_>) -> Result<Done<()>, Failed> {
        let hour = Duration::from_hours(1);
        let token = mint.token(&self.a.who, SCOPES, 2 * hour, hour);
        self.refused(Some(token.map_err(|error| Failed::unexpected("a token", error))?)).await
    }

    /// No token at all.
    pub(in crate::demo) async fn has_no_token(&self) -> Result<Done<()>, Failed> {
        let stranger = self.b.client.with(None);
        stranger.get(&format!("/nodes/{}", self.prey()?)).await?.must_refuse(401)?;
        stranger.get("/nodes").await?.must_refuse(401)?;
        stranger.post("/search", &json!({ "query": "dog" })).await?.must_refuse(401)?;
        Ok(Done::new(()))
    }

    /// A token that may read, and tries to write.
    pub(in crate::demo) async fn oversteps(&self, mint: &Mint<'_>) -> Result<Done<()>, Failed> {
        let token = mint.token(&self.b.who, &["nodes:read"], Duration::ZERO, Duration::from_mins(5));
        let reader = self.b.client.with(Some(token.map_err(|error| Failed::unexpected("a token", error))?));
        reader.get("/nodes?limit=1").await?.must_be(200)?;
        let body = json!({ "classes": ["DemoForgery"], "props": { "text": "written without nodes:write" } });
        reader.post("/nodes", &body).await?.must_refuse(403)?;
        reader.get("/events").await?.must_refuse(403)?;
        Ok(Done::new(()).note("403 for POST /nodes and GET /events, while GET /nodes works"))
    }

    /// Reads A's node with a token that must be refused.
    async fn refused(&self, token: Option<Secret>) -> Result<Done<()>, Failed> {
        let token = token.ok_or_else(|| Failed::unexpected("a token of three parts to forge from", "another"))?;
        let thief = self.b.client.with(Some(token));
        thief.get(&format!("/nodes/{}", self.prey()?)).await?.must_refuse(401)?;
        thief.get("/nodes").await?.must_refuse(401)?;
        Ok(Done::new(()))
    }
}
