//! Why a result has its score, in numbers that can be checked by hand.

use super::{By, Found, Planned, Reasons};

/// What age and drift leave of a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// `exp(-decay * age in days)`; 1 without weighting.
    pub age: f64,
    /// `max(0, 1 - beta * drift)`; 1 without weighting.
    pub drift: f64,
}

impl Planned<'_> {
    /// What age and drift leave of the score.
    pub fn factors(&self, reasons: &Reasons) -> Factors {
        self.query.weighting.map_or(Factors { age: 1.0, drift: 1.0 }, |weighting| Factors {
            age: (-weighting.decay_lambda * reasons.age_days).max(-600.0).exp(),
            drift: (1.0 - weighting.drift_beta * reasons.drift).max(0.0),
        })
    }

    /// How the score comes about, with the result's numbers.
    pub fn formula(&self, found: &Found) -> String {
        let reasons = &found.reasons;
        let base = match &self.query.by {
            By::Vector(_) => "similarity".to_owned(),
            By::Text(_) => "text_rank".to_owned(),
            By::Hybrid(..) => {
                let places = [reasons.meaning_place, reasons.words_place];
                let behind = places.into_iter().flatten().min().unwrap_or_default().max(self.ranked() + 1);
                let [meaning, words] = places.map(|place| place.unwrap_or(behind).min(behind));
                format!("(1 / (60 + {meaning}) + 1 / (60 + {words}))")
            }
        };
        let weighted = self.query.weighting.map_or_else(String::new, |weighting| {
            let (lambda, beta) = (weighting.decay_lambda, weighting.drift_beta);
            let left = format!("exp(-{lambda:?} * {:?}) * max(0, 1 - {beta:?} * {:?})", reasons.age_days, reasons.drift);
            if reasons.base < 0.0 { format!(" * (2 - {left})") } else { format!(" * {left}") }
        });
        format!("{base}{weighted} = {:?}", found.score)
    }
}
