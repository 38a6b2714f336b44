//! What the admin address shows: counts by outcome and the register's time. No label carries anything of a message.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use mohur_directory::Snapshot;
use mohur_wire::{RefusalCode, Timestamp};

const METADATA: Metadata<'static> = Metadata::new("mohur_host", Level::INFO, None);
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The figures of one host. Not global: several hosts may run in one process.
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    answered: Counter,
    refused: Vec<(RefusalCode, Counter)>,
    register_seconds: Histogram,
    register_open: Gauge,
    directory_version: Gauge,
    in_grace: Counter,
    ocsp: [Counter; 2],
    lists_fresh_until: Gauge,
    directory_expires: Gauge,
    directory_overdue: Gauge,
    directory_looks: [Counter; 2],
}

fn key(name: &'static str) -> Key {
    Key::from_static_name(name)
}

fn outcome(name: &'static str) -> Key {
    Key::from_parts("mohur_host_asks_total", vec![Label::from_static_parts("outcome", name)])
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // INVARIANT: the list of buckets is not empty, the only thing that set_buckets refuses.
        let recorder = builder.set_buckets(BUCKETS).unwrap_or_default().build_recorder();
        recorder.describe_counter("mohur_host_asks_total".into(), None, "asks by outcome".into());
        recorder.describe_histogram("mohur_host_register_seconds".into(), None, "time of the register".into());
        recorder.describe_gauge("mohur_host_register_open".into(), None, "1 while the register is left alone".into());
        recorder.describe_gauge("mohur_host_directory_version".into(), None, "the directory in force".into());
        let expires = "when the directory in force expires, in seconds since 1970";
        recorder.describe_gauge("mohur_host_directory_expires_seconds".into(), None, expires.into());
        let overdue = "1 while the directory in force counts by its grace alone";
        recorder.describe_gauge("mohur_host_directory_overdue".into(), None, overdue.into());
        let looks = "looks for a newer directory, by outcome";
        recorder.describe_counter("mohur_host_directory_looks_total".into(), None, looks.into());
        Self {
            answered: recorder.register_counter(&outcome("answered"), &METADATA),
            refused: RefusalCode::ALL
                .iter()
                .map(|code| (*code, recorder.register_counter(&outcome(code.as_str()), &METADATA)))
                .collect(),
            register_seconds: recorder.register_histogram(&key("mohur_host_register_seconds"), &METADATA),
            register_open: recorder.register_gauge(&key("mohur_host_register_open"), &METADATA),
            directory_version: recorder.register_gauge(&key("mohur_host_directory_version"), &METADATA),
            in_grace: recorder.register_counter(&key("mohur_host_revocation_in_grace_total"), &METADATA),
            ocsp: ["answered", "failed"].map(|outcome| {
                let labels = vec![Label::from_static_parts("outcome", outcome)];
                recorder.register_counter(&Key::from_parts("mohur_host_ocsp_questions_total", labels), &METADATA)
            }),
            lists_fresh_until: recorder
                .register_gauge(&key("mohur_host_revocation_lists_fresh_until_seconds"), &METADATA),
            directory_expires: recorder.register_gauge(&key("mohur_host_directory_expires_seconds"), &METADATA),
            directory_overdue: recorder.register_gauge(&key("mohur_host_directory_overdue"), &METADATA),
            directory_looks: ["fresh", "failed"].map(|outcome| {
                let labels = vec![Label::from_static_parts("outcome", outcome)];
                recorder.register_counter(&Key::from_parts("mohur_host_directory_looks_total", labels), &METADATA)
            }),
            handle: recorder.handle(),
        }
    }

    /// How seals stand.
    pub(crate) fn revocation(&self, report: &mohur_revocation::Report) {
        self.in_grace.absolute(report.in_grace);
        let [answered, failed] = &self.ocsp;
        answered.absolute(report.answered);
        failed.absolute(report.failed);
        let until = report.fresh_until.as_second();
        self.lists_fresh_until.set(f64::from(u32::try_from(until).unwrap_or(if until < 0 { 0 } else { u32::MAX })));
    }

    pub(crate) fn answered(&self) {
        self.answered.increment(1);
    }

    pub(crate) fn refused(&self, code: RefusalCode) {
        if let Some((_, counter)) = self.refused.iter().find(|(each, _)| *each == code) {
            counter.increment(1);
        }
    }

    pub(crate) fn register_took(&self, time: Duration) {
        self.register_seconds.record(time.as_secs_f64());
    }

    /// How a look for the directory went, and how long the one in force counts.
    pub(crate) fn directory_looked_for(&self, directory: &Snapshot, is_fresh: bool, now: Timestamp) {
        let [fresh, failed] = &self.directory_looks;
        if is_fresh { fresh } else { failed }.increment(1);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
        self.directory_expires.set(directory.expires().as_second() as f64);
        self.directory_overdue.set(f64::from(u8::from(directory.is_overdue(now))));
    }

    pub(crate) fn directory_is(&self, version: u64) {
        self.directory_version.set(f64::from(u32::try_from(version).unwrap_or(u32::MAX)));
    }

    /// The figures in Prometheus's text format.
    pub(crate) fn render(&self, register_is_closed: bool) -> String {
        self.register_open.set(if register_is_closed { 0.0 } else { 1.0 });
        self.handle.render()
    }

    /// Folds the samples in, so that an address that nobody scrapes does not let them pile up.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_by_code_and_hosts_do_not_share_figures() {
        let (here, elsewhere) = (Metrics::new(), Metrics::new());
        here.answered();
        here.refused(RefusalCode::Denied);
        here.refused(RefusalCode::Denied);
        here.register_took(Duration::from_millis(7));
        let text = here.render(true);
        assert!(text.contains(r#"mohur_host_asks_total{outcome="answered"} 1"#), "{text}");
        assert!(text.contains(r#"mohur_host_asks_total{outcome="denied"} 2"#), "{text}");
        assert!(text.contains("mohur_host_register_seconds_count 1"), "{text}");
        assert!(elsewhere.render(false).contains(r#"mohur_host_asks_total{outcome="denied"} 0"#));
    }
}
