//! What the admin address shows: counts by status and time from arrival to answer. No label carries anything of a message.

use std::time::Instant;

use http::Response;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use mohur_directory::Snapshot;
use mohur_wire::{RefusalCode, Timestamp};

const METADATA: Metadata<'static> = Metadata::new("mohur_broker", Level::INFO, None);
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The figures of one broker. Not global: several may run in one process.
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    statuses: [Counter; 3],
    cut_off: Vec<(RefusalCode, Counter)>,
    refusals: Vec<(RefusalCode, Counter)>,
    seconds: Histogram,
    directory_version: Gauge,
    directory_expires: Gauge,
    directory_overdue: Gauge,
    directory_looks: [Counter; 2],
    log_size: Gauge,
    time_stamped: Gauge,
    time_stamps_failed: Counter,
    undone: Counter,
    in_grace: Counter,
    ocsp: [Counter; 2],
    lists_fresh_until: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // INVARIANT: the list of buckets is not empty, the only thing that set_buckets refuses.
        let recorder = builder.set_buckets(BUCKETS).unwrap_or_default().build_recorder();
        recorder.describe_counter("mohur_broker_answers_total".into(), None, "answers by class of status".into());
        recorder.describe_counter(
            "mohur_broker_cut_off_total".into(),
            None,
            "refused before the exchange, by code".into(),
        );
        recorder.describe_counter("mohur_broker_refusals_total".into(), None, "refusals, by code".into());
        recorder.describe_histogram("mohur_broker_answer_seconds".into(), None, "arrival to answer".into());
        recorder.describe_gauge("mohur_broker_directory_version".into(), None, "the directory in force".into());
        let expires = "when the directory in force expires, in seconds since 1970";
        recorder.describe_gauge("mohur_broker_directory_expires_seconds".into(), None, expires.into());
        let overdue = "1 while the directory in force counts by its grace alone";
        recorder.describe_gauge("mohur_broker_directory_overdue".into(), None, overdue.into());
        let looks = "looks for a newer directory, by outcome";
        recorder.describe_counter("mohur_broker_directory_looks_total".into(), None, looks.into());
        recorder.describe_gauge("mohur_broker_log_entries".into(), None, "entries in the log".into());
        recorder.describe_gauge(
            "mohur_broker_time_stamp_seconds".into(),
            None,
            "Unix time of the last time stamp of the log".into(),
        );
        recorder.describe_counter("mohur_broker_time_stamps_failed_total".into(), None, "time stamps not got".into());
        let undone = "reservations that were not consumed although their bundle had decided it";
        recorder.describe_counter("mohur_broker_settlements_undone_total".into(), None, undone.into());
        let labelled = |name: &'static str, label: &'static str, value: &'static str| {
            recorder.register_counter(&Key::from_parts(name, vec![Label::from_static_parts(label, value)]), &METADATA)
        };
        let counter = |name: &'static str| recorder.register_counter(&Key::from_static_name(name), &METADATA);
        let gauge = |name: &'static str| recorder.register_gauge(&Key::from_static_name(name), &METADATA);
        let by_code = |name: &'static str| {
            RefusalCode::ALL.iter().map(|code| (*code, labelled(name, "code", code.as_str()))).collect()
        };
        Self {
            statuses: ["answered", "refused", "failed"]
                .map(|class| labelled("mohur_broker_answers_total", "class", class)),
            cut_off: by_code("mohur_broker_cut_off_total"),
            refusals: by_code("mohur_broker_refusals_total"),
            seconds: recorder.register_histogram(&Key::from_static_name("mohur_broker_answer_seconds"), &METADATA),
            directory_version: gauge("mohur_broker_directory_version"),
            directory_expires: gauge("mohur_broker_directory_expires_seconds"),
            directory_overdue: gauge("mohur_broker_directory_overdue"),
            directory_looks: ["fresh", "failed"]
                .map(|outcome| labelled("mohur_broker_directory_looks_total", "outcome", outcome)),
            log_size: gauge("mohur_broker_log_entries"),
            time_stamped: gauge("mohur_broker_time_stamp_seconds"),
            time_stamps_failed: counter("mohur_broker_time_stamps_failed_total"),
            undone: counter("mohur_broker_settlements_undone_total"),
            in_grace: counter("mohur_broker_revocation_in_grace_total"),
            ocsp: ["answered", "failed"]
                .map(|outcome| labelled("mohur_broker_ocsp_questions_total", "outcome", outcome)),
            lists_fresh_until: recorder
                .register_gauge(&Key::from_static_name("mohur_broker_revocation_lists_fresh_until_seconds"), &METADATA),
            handle: recorder.handle(),
        }
    }

    /// Counts an answer. SOAP answers many a refusal with 500: what counts is the status that the refusal itself has.
    pub(crate) fn finished<T>(&self, started: Instant, response: &Response<T>) {
        let refused_code = response.extensions().get::<RefusalCode>().copied();
        let status = refused_code.map_or(response.status().as_u16(), |code| code.text().status);
        let class = usize::from(status >= 300) + usize::from(status >= 500);
        if let Some(counter) = self.statuses.get(class) {
            counter.increment(1);
        }
        if let Some(code) = refused_code {
            count(&self.refusals, code);
        }
        self.seconds.record(started.elapsed().as_secs_f64());
    }

    pub(crate) fn cut_off(&self, code: RefusalCode) {
        count(&self.cut_off, code);
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

    /// How seals stand.
    pub(crate) fn revocation(&self, report: &mohur_revocation::Report) {
        self.in_grace.absolute(report.in_grace);
        let [answered, failed] = &self.ocsp;
        answered.absolute(report.answered);
        failed.absolute(report.failed);
        let until = report.fresh_until.as_second();
        self.lists_fresh_until.set(f64::from(u32::try_from(until).unwrap_or(if until < 0 { 0 } else { u32::MAX })));
    }

    /// The log was stamped at that time, or could not be.
    pub(crate) fn time_stamp(&self, at: Option<i64>) {
        match at {
            Some(second) => self.time_stamped.set(f64::from(u32::try_from(second).unwrap_or(u32::MAX))),
            None => self.time_stamps_failed.increment(1),
        }
    }

    /// The figures in Prometheus's text format.
    pub(crate) fn render(&self, log_size: u64, undone: u64) -> String {
        self.undone.absolute(undone);
        self.log_size.set(f64::from(u32::try_from(log_size).unwrap_or(u32::MAX)));
        self.handle.render()
    }

    /// Folds the samples in, so that an address that nobody scrapes does not let them pile up.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn count(counters: &[(RefusalCode, Counter)], code: RefusalCode) {
    if let Some((_, counter)) = counters.iter().find(|(each, _)| *each == code) {
        counter.increment(1);
    }
}
