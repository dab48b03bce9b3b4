//! Telling a text that a service fails at from a service that is away: by a text that is nobody's.
//!
//! Both look alike: a filter before the service forbids a word, a text makes it fail each time, and all that was sent along comes back without
//! vectors. So a tenant whose texts were in vain more than once has the service asked for another text first. If there is a vector for that one,
//! what fails is halved; what is left of it after some tries is embedded text by text from then on, and a text that fails alone is put off for
//! longer each time, and given up at last. Nothing is held against any text unless the witness was heard after it.

use std::{collections::BTreeMap, sync::PoisonError};

use wardgraph_embed::EmbedError;
use wardgraph_graph::embedding::Claim;
use wardgraph_kernel::{NodeId, Owner};

use super::{EmbeddingWorker, Outcomes, Turn};

/// What the service is asked for to see whether it is there.
const WITNESS: &str = "a witness";
/// So often a tenant's texts are in vain before it is asked: a service that is away is asked once a turn, and mostly for the texts.
const OFTEN: u32 = 2;
/// How many tries may fail in one sifting, so that it does not take the turn of the other tenants.
const MOST_TRIES: u32 = 4;

impl EmbeddingWorker {
    /// Whether one text may be what all of the tenant's wait for.
    pub(super) fn is_often_in_vain(&self, owner: &Owner) -> bool {
        self.vain.lock().unwrap_or_else(PoisonError::into_inner).get(owner).is_some_and(|times| *times >= OFTEN)
    }

    pub(super) fn note_vain(&self, owner: &Owner, embedded: &Result<Vec<Vec<f32>>, EmbedError>) {
        let mut vain = self.vain.lock().unwrap_or_else(PoisonError::into_inner);
        match embedded {
            Err(error) if error.may_be_about_one_text() => {
                let times = vain.entry(owner.clone()).or_default();
                *times = times.saturating_add(1);
            }
            Err(error) if !error.may_be_the_texts_fault() => {}
            Ok(_) | Err(_) => {
                vain.remove(owner);
            }
        }
    }

    /// Asks for the witness. Where there is none the service is away, and no text is suspected.
    pub(super) async fn ask_for_a_witness(&self, turn: &mut Turn<'_>) -> Result<(), EmbedError> {
        let heard = self.ask(vec![WITNESS.to_owned()], turn).await.map(drop);
        turn.witnessed = heard.is_ok();
        if turn.in_vain {
            self.vain.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        heard
    }

    /// Embeds group by group, and halves those that fail.
    pub(super) async fn sift(
        &self,
        mut open: Vec<Vec<Claim>>,
        texts: &BTreeMap<NodeId, String>,
        turn: &mut Turn<'_>,
    ) -> Outcomes {
        let mut outcomes = Outcomes::default();
        let (mut missed, mut tries, mut heard) = (Vec::new(), 0, true);
        while tries < MOST_TRIES
            && let Some(mut group) = open.pop()
        {
            let error = match self.vectors(&group, texts, turn).await {
                Ok(vectors) => {
                    outcomes.done.extend(group.into_iter().zip(vectors));
                    continue;
                }
                Err(error) => error,
            };
            let is_missed = error.may_be_about_one_text();
            if !is_missed && !error.may_be_the_texts_fault() {
                open.push(group);
                break;
            }
            match group.pop() {
                Some(claim) if group.is_empty() && is_missed => missed.push((claim, error)),
                Some(claim) if group.is_empty() => outcomes.faulty.push((claim, error)),
                last => open.extend(halves(group.into_iter().chain(last).collect())),
            }
            if is_missed {
                (tries, heard, turn.in_vain) = (tries + 1, false, false);
            }
            if !heard && !turn.witnessed {
                heard = self.ask_for_a_witness(turn).await.is_ok();
                if !heard {
                    break;
                }
            }
        }
        let witnessed = turn.witnessed;
        let held = if heard {
            Ok(())
        } else if witnessed {
            self.ask_for_a_witness(turn).await
        } else {
            Err(EmbedError::Stopped)
        };
        let open = open.into_iter().flatten();
        match held {
            Ok(()) if tries > 0 => {
                outcomes.faulty.extend(missed);
                outcomes.doubted.extend(open);
            }
            // No time was left to hear it once more: nothing is held against anyone, and each is tried alone.
            Err(EmbedError::Stopped | EmbedError::Busy) if witnessed => {
                outcomes.doubted.extend(missed.into_iter().map(|(claim, _)| claim).chain(open));
            }
            Ok(()) | Err(_) => outcomes.back.extend(missed.into_iter().map(|(claim, _)| claim).chain(open)),
        }
        outcomes
    }
}

/// Two halves of what fails together.
pub(super) fn halves(mut claims: Vec<Claim>) -> Vec<Vec<Claim>> {
    let second = claims.split_off(claims.len().div_ceil(2));
    [claims, second].into_iter().filter(|half| !half.is_empty()).collect()
}
