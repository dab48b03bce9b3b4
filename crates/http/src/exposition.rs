//! What is counted in this process, for `/metrics`.

use std::sync::OnceLock;

use metrics::{Recorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use wardgraph_kernel::metric::{self, Kind};

/// A request takes part of a second, or has failed.
const REQUEST_S: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// An index of a large tenant takes minutes.
const BUILD_S: [f64; 10] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0];

/// The process's metrics, each described. A second server in one process (tests) shares them.
pub fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let builds = Matcher::Full(metric::SEARCH_INDEX_BUILD.family().name.into());
    let builder = PrometheusBuilder::new().set_buckets(&REQUEST_S);
    // Refused only for an empty list of buckets.
    let recorder =
        builder.and_then(|builder| builder.set_buckets_for_metric(builds, &BUILD_S)).unwrap_or_default().build_recorder();
    for family in metric::ALL {
        let (name, unit, help) = (family.name.into(), Unit::from_string(family.unit), family.help().into());
        match family.kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    // Where nothing has happened yet, that is told: of a counter that comes with its first event, that event is not seen.
    for family in metric::ALL.iter().filter(|family| family.kind == Kind::Counter && family.labels.is_empty()) {
        metrics::counter!(family.name).absolute(0);
    }
    metric::BUILD_INFO.of([env!("CARGO_PKG_VERSION")]).set(1.0);
    handle
}
