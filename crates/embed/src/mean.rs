//! The one way both models pool: the mean of their token vectors, brought to length 1.

use crate::EmbedError;

/// The direction of the mean of `rows`, as a vector of length 1 with `dimension` components.
///
/// The division by the number of rows is left out: bringing to length 1 cancels it.
///
/// # Errors
/// [`EmbedError::Model`] when there is no direction: no rows, rows that cancel out, or components that are not finite.
pub(crate) fn unit_mean<'a>(rows: impl Iterator<Item = &'a [f32]>, dimension: usize) -> Result<Vec<f32>, EmbedError> {
    let mut sum = vec![0.0_f32; dimension];
    for row in rows {
        for (total, component) in sum.iter_mut().zip(row) {
            *total += component;
        }
    }
    let norm = sum.iter().map(|component| component * component).sum::<f32>().sqrt();
    if !norm.is_normal() {
        return Err(EmbedError::model("the token vectors have no mean direction"));
    }
    for component in &mut sum {
        *component /= norm;
    }
    Ok(sum)
}
