//! The tokens of a code (RFC 6749, section 4.1.3; OpenID Connect Core, section 3.1.3). A code that is used twice ends what it gave.

use serde_json::json;
use wardgraph_api::{Problem, table::oauth::Token};
use wardgraph_gate::Committed;
use wardgraph_kernel::{EventType, Outcome};
use wardgraph_oauth::{
    ErrorCode, Refusal,
    client::GrantType,
    code::{self, Claimed, Presented},
    follow, told,
};

use super::{code_holder::Holder, token::Asked};
use crate::{Failure, Services};

pub(super) async fn grant(asked: Asked, services: &Services) -> Result<Committed<Token>, Failure> {
    let Some(text) = asked.parameters.code.clone() else {
        return asked.refuse(Refusal::new(ErrorCode::InvalidRequest, "`code` is missing")).await;
    };
    let holder = match Holder::of(&asked) {
        Ok(holder) => holder,
        Err(refusal) => return asked.refuse(refusal).await,
    };
    let Asked { pass, parameters, .. } = asked;
    let (now, chance, client) = (holder.now, pass.chance(), holder.by.client.id.as_str());
    let claimed = Claimed {
        code: text.expose(),
        client,
        redirect_uri: parameters.redirect_uri.as_deref(),
        verifier: parameters.code_verifier.as_ref().map(|text| text.expose()),
        jkt: holder.key,
    };
    let mut work = pass.begin()?;
    let code = match code::present(&mut work.tx(), &claimed, now).await? {
        Presented::Good(code) => code,
        Presented::Bad(why) => {
            let mut work = work.undo().await?;
            let payload = json!({ "client_id": client, "reason": why });
            work.note(EventType::AuthorizationRefused, None, Outcome::Refused, payload);
            return Ok(work.refuse(wrong()).await?);
        }
        Presented::Again { user, organization, gave } => {
            return holder.replayed(work.undo().await?, (user, organization), gave, wrong()).await;
        }
    };
    if let Some(refusal) = holder.elsewhere(&mut work.tx(), &code, services).await? {
        return Ok(work.refuse(Failure::from(refusal).into()).await?);
    }
    let tokens = holder.begin(&mut work, &code, services, &*chance).await?;
    code::finish(&mut work.tx(), code.id, tokens.session, now).await?;
    follow::begin(&mut work.tx(), tokens.session, code.session).await?;
    told::remember(&mut work.tx(), tokens.session, &code.userinfo_claims).await?;
    holder.answer(work, GrantType::AuthorizationCode, &code, tokens, services).await
}

/// The one answer.
fn wrong() -> Problem {
    let why = "the code is good no more, or was given for another client, address, verifier or key";
    Failure::from(Refusal::new(ErrorCode::InvalidGrant, why)).into()
}
