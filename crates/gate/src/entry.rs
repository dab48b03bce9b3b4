//! From the kind of access that an endpoint declares to the pass that its handler gets.

use http::header::USER_AGENT;
use wardgraph_api::{Kept, Problem};
use wardgraph_kernel::{
    Endpoint,
    access::{ByCredential, ByNobody, ByOwn, ByPermission, BySignature},
};

use crate::{
    Admitted, Arrival, Ceremony, Committed, Finish, Permit, Signed, Visitor,
    admit::{Admission, Refused},
    idempotency::Asked,
    proof::Presented,
    signed::Announced,
};

/// What became of a pass once the body was read.
#[derive(Debug)]
pub enum Confirmed<P> {
    /// The pass, for the handler.
    Pass(P),
    /// The request's `Idempotency-Key` was answered before: with this.
    Again(Kept),
}

/// A kind of access. Closed: the markers of [`wardgraph_kernel::access`] alone.
pub trait Entry: sealed::Sealed {
    /// What admission gives before the body was read: the pass itself, or one that waits for the body's signature.
    type Pending<E: Endpoint>: Send;
    /// The pass that a handler gets.
    type Pass<E: Endpoint>: Send;
    /// What a handler must give back: the output itself, or [`Committed`] where an event has to be left.
    type Answer<E: Endpoint<Mode: Finish>>: Send;

    /// Lets a request in, or refuses it.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "admission calls this, nobody else can make its argument")]
    fn admit<E: Endpoint>(
        admission: Admission,
        arrival: &Arrival<'_>,
    ) -> impl Future<Output = Result<Admitted<Self::Pending<E>>, Refused>> + Send;

    /// Makes the pass, now that the body was read; or finds that the same was asked, and answered, before.
    fn confirm<E: Endpoint<Mode: Finish>>(
        pending: Self::Pending<E>,
        body: &[u8],
    ) -> impl Future<Output = Result<Confirmed<Self::Pass<E>>, Problem>> + Send;

    /// Opens an answer.
    fn open<E: Endpoint<Mode: Finish>>(answer: Self::Answer<E>) -> Result<E::Output, Problem>;
}

macro_rules! by_caller {
    ($($marker:ty),*) => { $(
        impl Entry for $marker {
            type Pending<E: Endpoint> = Permit<E>;
    type Pass<E: Endpoint> = Permit<E>;
            type Answer<E: Endpoint<Mode: Finish>> = <E::Mode as Finish>::Answer<E>;

            #[expect(private_interfaces, reason = "admission calls this, nobody else can make its argument")]
            async fn admit<E: Endpoint>(admission: Admission, arrival: &Arrival<'_>) -> Result<Admitted<Permit<E>>, Refused> {
                let (caller, limit) = admission.caller(arrival).await?;
                let (tenant, from) = (Some(caller.claims.tenant.clone()), admission.ip);
                Ok(Admitted { pass: Permit::new(admission, caller, Asked::of(arrival)), limit: Some(limit), from, tenant, browser: None })
            }

            async fn confirm<E: Endpoint<Mode: Finish>>(pending: Permit<E>, body: &[u8]) -> Result<Confirmed<Permit<E>>, Problem> {
                pending.confirm(body).await
            }

            fn open<E: Endpoint<Mode: Finish>>(answer: Self::Answer<E>) -> Result<E::Output, Problem> {
                <E::Mode as Finish>::open(answer)
            }
        }
    )* };
}

by_caller!(ByPermission, ByOwn);

impl Entry for ByCredential {
    type Pending<E: Endpoint> = Ceremony<E>;
    type Pass<E: Endpoint> = Ceremony<E>;
    type Answer<E: Endpoint<Mode: Finish>> = Committed<E>;

    #[expect(private_interfaces, reason = "admission calls this, nobody else can make its argument")]
    async fn admit<E: Endpoint>(admission: Admission, arrival: &Arrival<'_>) -> Result<Admitted<Ceremony<E>>, Refused> {
        let limit = admission.stranger()?;
        let agent = arrival.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let from = admission.ip;
        Ok(Admitted { pass: Ceremony::new(admission, agent, Presented::by(arrival)), limit, from, tenant: None, browser: None })
    }

    async fn confirm<E: Endpoint<Mode: Finish>>(pending: Ceremony<E>, body: &[u8]) -> Result<Confirmed<Ceremony<E>>, Problem> {
        pending.vouched(body)?;
        Ok(Confirmed::Pass(pending))
    }

    fn open<E: Endpoint<Mode: Finish>>(answer: Committed<E>) -> Result<E::Output, Problem> {
        answer.open()
    }
}

impl Entry for BySignature {
    type Pending<E: Endpoint> = Announced<E>;
    type Pass<E: Endpoint> = Signed<E>;
    type Answer<E: Endpoint<Mode: Finish>> = E::Output;

    #[expect(private_interfaces, reason = "admission calls this, nobody else can make its argument")]
    async fn admit<E: Endpoint>(admission: Admission, arrival: &Arrival<'_>) -> Result<Admitted<Announced<E>>, Refused> {
        let limit = admission.stranger()?;
        let from = admission.ip;
        let pass = Announced::read(admission, arrival)?;
        Ok(Admitted { pass, limit, from, tenant: None, browser: None })
    }

    async fn confirm<E: Endpoint<Mode: Finish>>(pending: Announced<E>, body: &[u8]) -> Result<Confirmed<Signed<E>>, Problem> {
        Ok(Confirmed::Pass(pending.confirm(body)?))
    }

    fn open<E: Endpoint<Mode: Finish>>(answer: E::Output) -> Result<E::Output, Problem> {
        Ok(answer)
    }
}

impl Entry for ByNobody {
    type Pending<E: Endpoint> = Visitor<E>;
    type Pass<E: Endpoint> = Visitor<E>;
    type Answer<E: Endpoint<Mode: Finish>> = E::Output;

    #[expect(private_interfaces, reason = "admission calls this, nobody else can make its argument")]
    async fn admit<E: Endpoint>(admission: Admission, _: &Arrival<'_>) -> Result<Admitted<Visitor<E>>, Refused> {
        let limit = admission.stranger()?;
        Ok(Admitted { pass: Visitor::new(&admission), limit, from: admission.ip, tenant: None, browser: None })
    }

    async fn confirm<E: Endpoint<Mode: Finish>>(pending: Visitor<E>, _: &[u8]) -> Result<Confirmed<Visitor<E>>, Problem> {
        Ok(Confirmed::Pass(pending))
    }

    fn open<E: Endpoint<Mode: Finish>>(answer: E::Output) -> Result<E::Output, Problem> {
        Ok(answer)
    }
}

mod sealed {
    use super::{ByCredential, ByNobody, ByOwn, ByPermission, BySignature};

    pub trait Sealed {}
    impl Sealed for ByPermission {}
    impl Sealed for ByOwn {}
    impl Sealed for ByCredential {}
    impl Sealed for BySignature {}
    impl Sealed for ByNobody {}
}
