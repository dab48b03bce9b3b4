//! Moments, for people.

use maud::{Markup, html};
use wardgraph_kernel::Timestamp;

/// A moment, to the minute.
pub(super) fn moment(time: Timestamp) -> Markup {
    html! { time datetime=(time) { (time.strftime("%-d %B %Y, %H:%M UTC")) } }
}
